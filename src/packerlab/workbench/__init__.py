"""A lab's own box to try things in: `packerlab packer` and `packerlab shell`."""

from __future__ import annotations

from packerlab.workbench.attached import Attached
from packerlab.workbench.bench import Workbench

__all__ = ["Attached", "Workbench"]
