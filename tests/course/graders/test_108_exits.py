from __future__ import annotations

import pytest

from packerlab.grader import check


@check(points=1)
def test_leaves() -> None:
    """It ends the session."""
    pytest.exit("enough")


@check(points=1)
def test_after() -> None:
    """It would pass."""
