from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from packerlab import state
from packerlab.errors import BadInputError, MachineError
from packerlab.sandbox import docker, host_base, host_tools, image
from packerlab.sandbox.debian import Root
from packerlab.sandbox.docker import IMAGE_STATE, LABEL, Docker
from packerlab.sandbox.host_packer import host_packer
from packerlab.sandbox.recipe import recipe_files
from tests.sandbox.test_docker import client
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

__all__ = ["client"]


@pytest.fixture
def cleaned(client: Any) -> Iterator[Any]:
    """An engine on which this test's state folder leaves no image."""
    yield client
    image.clean()


@pytest.mark.usefixtures("sandbox_image", "cleaned")
def test_it_is_made_once_and_kept_by_its_content() -> None:
    said: list[str] = []
    kept = image.build(said.append)
    assert said
    assert json.loads((state.state_folder() / IMAGE_STATE).read_text()) == kept
    assert image.build(lambda _: None) == kept
    assert kept["tag"].startswith(f"{image.REPOSITORY}:")
    assert kept["packer"].startswith("sha256:")
    assert kept["size"] > 10_000_000


def test_what_the_build_sees_depends_on_contents_alone(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "moto-1.whl").touch()
    one = image.context(None, None, {"wheels": wheels})
    assert image.context(None, None, {"wheels": wheels}) == one
    (tmp_path / "packer").write_bytes(b"1")
    (tmp_path / "plugins/a").mkdir(parents=True)
    (tmp_path / "plugins/a/b").write_bytes(b"2")
    more = image.context(tmp_path / "packer", tmp_path / "plugins", {"wheels": wheels})
    shutil.copytree(tmp_path, tmp_path / "copy")
    copied = image.context(tmp_path / "copy/packer", tmp_path / "copy/plugins", {"wheels": wheels})
    assert copied == more != one
    with tarfile.open(fileobj=io.BytesIO(more)) as archive:
        names = archive.getnames()
    assert {name.partition("/")[0] for name in names} == {
        "Dockerfile", "containers", "instance", "lib", "packer", "seccomp.py", "shift_ids.sh",
        "tools", "wheels",
    }  # fmt: skip
    assert {"packer/packer", "packer/plugins/a/b", "wheels/moto-1.whl"} <= set(names)
    assert "lib/packerlab/inside/supervisor.py" in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.usefixtures("sandbox_image")
def test_clean_removes_what_this_state_folder_s_build_made_alone(cleaned: Any) -> None:
    """Other state folders' images stay, of the same content too."""
    before = set(image._tags(cleaned, image.REPOSITORY))
    kept = image.build(lambda _: None)
    assert kept["tag"] in image._tags(cleaned, image.REPOSITORY)
    assert image.clean() == [kept["tag"]]
    assert kept["tag"] not in image._tags(cleaned, image.REPOSITORY)
    assert before <= set(image._tags(cleaned, image.REPOSITORY))
    assert cleaned.images.get(kept["id"])
    assert not (state.state_folder() / IMAGE_STATE).exists()


@pytest.mark.parametrize(
    ("stage", "root"), [("packages", host_base.ROOT), ("tools", host_tools.ROOT)]
)
def test_both_recipes_name_the_same_packages(stage: str, root: Root) -> None:
    text = recipe_files()["Dockerfile"].read_text().partition(f"AS {stage}\n")[2]
    install = text.partition("--no-install-recommends")[2].partition("&&")[0]
    assert sorted(install.replace("\\", "").split()) == sorted(root.packages)


def test_the_base_is_named_by_its_digest_and_what_stands_in_for_it_by_no_public_name() -> None:
    assert re.fullmatch(r"debian@sha256:[0-9a-f]{64}", image.BASE)
    lines = recipe_files()["Dockerfile"].read_text().splitlines()
    bases = {line.split()[1] for line in lines if line.startswith("FROM ")}
    assert bases == {"$BASE"}
    assert image.MADE.startswith("packerlab-")


@pytest.mark.usefixtures("sandbox_image")
def test_a_base_that_was_made_has_our_name_and_is_taken_by_its_id(
    cleaned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "BASE", f"nowhere.invalid/none@sha256:{'0' * 64}")
    monkeypatch.setattr(image, "MADE", "packerlab-test-base")
    monkeypatch.setattr(image, "REPOSITORY", "packerlab-test-sandbox")
    monkeypatch.setattr(Root, "make", empty_root)
    said: list[str] = []
    base = image._base(cleaned, said.append)
    assert base.startswith("sha256:")
    assert "it is made instead" in said[1]
    assert image._base(cleaned, pytest.fail) == base
    (made,) = image._tags(cleaned, "packerlab-test-base")
    assert cleaned.images.get(made).id == base
    cleaned.images.get(base).tag("packerlab-test-sandbox", "00000000-another")
    assert image.clean() == []  # it is another's base, too
    cleaned.images.remove("packerlab-test-sandbox:00000000-another")
    assert image.clean() == [made]


def empty_root(_: Root, path: Path, __: Callable[[str], None]) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))


@pytest.mark.usefixtures("sandbox_image", "cleaned")
def test_the_learner_s_own_packer_is_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        own = host_packer()
    except MachineError as error:
        pytest.skip(str(error))
    kept = image.build(lambda _: None, packer=own.path, plugins=own.plugins)
    assert kept["packer"] == own.digest
    monkeypatch.setenv("PACKERLAB_PACKER", str(own.path))
    assert Docker(plain=False).packer().digest == own.digest


def test_a_packer_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there is no such file"):
        image.context(tmp_path / "none", None, {"wheels": tmp_path})


def test_a_build_that_fails_says_why_and_leaves_nothing(client: Any) -> None:
    def everything() -> set[str]:
        """All containers but sandboxes, of other test processes too."""
        listed = client.api.containers(all=True)
        return {entry["Id"] for entry in listed if LABEL not in entry["Labels"]}

    before = everything()
    kept = (state.state_folder() / IMAGE_STATE).read_bytes()
    with pytest.raises(MachineError, match="The image could not be made"):
        image.build(lambda _: None, arguments={"PACKER_ZIP": "file:///none.zip"})
    until(lambda: everything() <= before, "the build's containers are removed")
    assert (state.state_folder() / IMAGE_STATE).read_bytes() == kept


def test_without_an_engine_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    for verb in (lambda: image.build(lambda _: None), image.clean):
        with pytest.raises(MachineError, match="no container engine answers"):
            verb()
    assert docker.engine_error() is not None
