"""Puts the course into the wheel: labs, graders, pages, notebooks, the image's recipe, examples.

Our labs' variants stay in the repository: they prove the graders and are of no use to a learner,
and there are links and hostile files among them. Those of the example of a course come along.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("labs", "graders", "docs", "notebooks", "sandbox", "examples")
OURS = "packerlab/our_course"


class CourseHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name every file of the course and its place; an editable install reads the checkout."""
        if version == "editable":
            return
        root = Path(self.root)
        for part in PARTS:
            for path in sorted((root / part).rglob("*")):
                inside = path.relative_to(root)
                if path.is_file() and travels(inside):
                    build_data["force_include"][str(path)] = f"{OURS}/{inside}"
        build_data["force_include"][str(root / "course.toml")] = f"{OURS}/course.toml"


def travels(inside: Path) -> bool:
    """Whether a file of the checkout, by its path in it, goes into the wheel."""
    proves_ours = inside.parts[0] == "labs" and "variants" in inside.parts
    return not proves_ours and "__pycache__" not in inside.parts
