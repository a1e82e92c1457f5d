"""What the tests of the control plane share: its process, in a network of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.inside.control_plane import Botocore, Control, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("place"))
    yield made
    made.close()


@pytest.fixture
def other_place(tmp_path: Path) -> Iterator[Place]:
    """For a second process, with its own authority and port."""
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def control(place: Place) -> Iterator[Control]:
    running = Control(place)
    running.ready()
    yield running
    status, text = running.end()
    assert (status, text) == (0, "")


@pytest.fixture(scope="module")
def aws(control: Control, place: Place) -> Iterator[Botocore]:
    """A client of the control plane."""
    assert control
    made = Botocore(place)
    yield made
    made.close()
