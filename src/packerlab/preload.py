"""What a batch's forkserver has ready before the first report: imports, grammar, a pytest session.

Importing this module is its purpose: a forkserver preloads by import, and every report's process is
then a fork that pays for none of it. Nothing else may import it.
"""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from packerlab import grading, hcl, plugin

hcl.grammar()
pytest.main([*plugin.OPTIONS, "--collect-only", "-c", str(Path(plugin.__file__).with_name("pytest.ini")),
             str(Path(__file__).with_name("warm_up.py"))])  # fmt: skip
gc.freeze()

__all__ = ["grading"]
