"""`packerlab key`: the key that signs what is graded with a course."""

from __future__ import annotations

from packerlab.commands.options import CourseOption


def key(course: CourseOption = None) -> None:
    """Make a course's key, which signs gradebooks; show it where there is one."""
    from packerlab.course import default_root, open_course, signing
    from packerlab.errors import BadInputError

    root = open_course(course).root
    if root == default_root():
        raise BadInputError("Our own course is everybody's: name a course of yours with --course.")
    found = signing.key_of(root)
    if found is None:
        found = signing.make_key(root)
        print(f"Made {root / signing.PRIVATE}, which stays with you: who has it signs as you do.")
    print(f"The public half is {root / signing.PUBLIC}: {found.fingerprint}")
