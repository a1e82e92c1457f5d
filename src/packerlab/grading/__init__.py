"""One submission becomes one report, in a process of its own."""

from packerlab.grading.grade_one import grade

__all__ = ["grade"]
