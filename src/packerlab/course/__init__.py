"""A course as data: its labs and pages, its order and rules, its key."""

from packerlab.course.course import OURS, PACKAGE, Course, default_root, engine_digest, open_course

__all__ = ["OURS", "PACKAGE", "Course", "default_root", "engine_digest", "open_course"]
