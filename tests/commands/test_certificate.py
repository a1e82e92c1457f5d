"""A certificate: what `progress --report` writes, and what `report --verify` makes of any file."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from packerlab import errors
from packerlab.course.signing import Key, key_of, make_key
from packerlab.learning import certificate
from packerlab.text import visible
from tests.toy import COURSE, cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST = COURSE.labs()[0]


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    """A workspace that passes, checked."""
    folder = tmp_path / "mine"
    assert cli("start", FIRST.slug, folder).returncode == 0
    assert cli("check", folder).returncode == 0
    return folder


@pytest.fixture
def awarded(passed: Path) -> Path:
    """The work of a certificate; its page lies beside it."""
    page = passed.with_name("certificate.html")
    done = cli("progress", "--report", page, "--name", "Ada <b>")
    assert done.returncode == 0, done.stderr
    return page.with_suffix(".json")


def changed(file: Path, change: dict[str, Any]) -> Path:
    """The same certificate with other work."""
    told = json.loads(file.read_text())
    told["work"] = [{**told["work"][0], **change}]
    file.write_text(json.dumps(told))
    return file


def test_its_page_shows_what_was_passed(awarded: Path) -> None:
    page = awarded.with_suffix(".html").read_text()
    assert "Ada &lt;b&gt;" in page
    assert FIRST.title in page
    assert f"1 of {len(COURSE.slugs)} labs passed" in page
    assert f"packerlab report {awarded.name} --verify" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_its_work_is_graded_again(awarded: Path) -> None:
    done = cli("report", awarded, "--verify")
    assert done.returncode == 0, done.stderr
    assert f"✓ {FIRST.title}: passed" in done.stdout
    assert "1 of 1 labs pass." in done.stdout


def other_template(text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {"files": {"main.pkr.hcl": {"data": data, "executable": False}}}


def test_what_was_changed_in_it_is_found_by_grading(awarded: Path) -> None:
    wrong = 'source "file" "two" {\n  target = "out/x"\n}\n'
    done = cli("report", changed(awarded, other_template(wrong)), "--verify")
    assert done.returncode == errors.NEGATIVE
    assert f"✗ {FIRST.title}: failed" in done.stdout
    assert "0 of 1 labs pass." in done.stdout


def test_what_can_t_be_judged_says_nothing_of_the_work(awarded: Path) -> None:
    """The toy grader breaks on a template without sources."""
    done = cli("report", changed(awarded, other_template("")), "--verify")
    assert done.returncode == errors.MACHINE
    assert f"? {FIRST.title}: fault" in done.stdout
    assert "1 can't be judged on this machine" in done.stdout


@pytest.mark.parametrize("name", ["../out.pkr.hcl", "/etc/passwd", "a/../../b.pkr.hcl"])
def test_names_that_lead_out_are_refused(awarded: Path, name: str) -> None:
    done = cli("report", changed(awarded, {"files": {name: {"data": "YQ=="}}}), "--verify")
    assert done.returncode == errors.NEGATIVE
    assert f"✗ {FIRST.title}: rejected" in done.stdout


def test_a_lab_that_has_changed_is_said(awarded: Path) -> None:
    digests = json.loads(awarded.read_text())["work"][0]["digests"]
    other = {"digests": {**digests, "lab": "sha256:0"}}
    done = cli("report", changed(awarded, other), "--verify")
    assert done.returncode == 0
    assert "the lab has changed since" in done.stdout


def test_a_lab_of_another_course(awarded: Path) -> None:
    name = "900_\x1b[31mnone"
    done = cli("report", changed(awarded, {"lab": name}), "--verify")
    assert done.returncode == errors.NEGATIVE
    assert f"✗ {visible(name)}: this course has no such lab" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("text", ["", "{}", "[" * 5000, '{"format": 2}', "\xff"])
def test_what_is_no_certificate(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.json"
    file.write_bytes(text.encode("latin-1"))
    done = cli("report", file, "--verify")
    assert done.returncode == errors.BAD_INPUT
    assert "is no certificate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_is_no_gradebook(awarded: Path) -> None:
    done = cli("report", awarded)
    assert done.returncode == errors.BAD_INPUT
    assert "--verify" in done.stderr


def test_without_work_there_is_none(tmp_path: Path) -> None:
    done = cli("progress", "--report", tmp_path / "c.html")
    assert done.returncode == errors.BAD_INPUT
    assert "`packerlab check` keeps it" in done.stderr
    assert cli("progress", "--report", tmp_path / "c.pdf").returncode == errors.BAD_INPUT


def test_work_that_was_passed_elsewhere_is_left_out(awarded: Path) -> None:
    elsewhere = awarded.with_name("progress.json")
    assert cli("progress", "--export", elsewhere).returncode == 0
    told = json.loads(elsewhere.read_text())
    second = COURSE.labs()[1]
    told["labs"][second.slug] = {"passed": "2026-01-31"}
    elsewhere.write_text(json.dumps(told))
    assert cli("progress", "--import", elsewhere).returncode == 0
    done = cli("progress", "--report", awarded.with_suffix(".html"))
    assert f"Left out: {second.title}." in done.stderr


# --- signed by who has graded it again ---


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy course with a key of its own."""
    folder = tmp_path_factory.mktemp("signing") / "course"
    shutil.copytree(COURSE.root, folder, ignore=shutil.ignore_patterns("__pycache__"))
    make_key(folder)
    return folder


def test_it_is_signed_once_its_work_has_passed_again(awarded: Path, ours: Path) -> None:
    told = json.loads(awarded.read_text())
    told["work"][0] |= {"title": "Doctor of Packer", "packer": "99.9"}
    awarded.write_text(json.dumps(told))
    done = cli("report", awarded, "--verify", "--sign", "--course", ours)
    assert done.returncode == 0, done.stderr
    key = key_of(ours)
    assert key
    signed = certificate.read(awarded)
    assert certificate.sealed_by(signed, key)
    assert [work.title for work in signed.work] == [FIRST.title]
    page = awarded.with_suffix(".html").read_text()
    assert key.fingerprint in page
    assert "99.9" not in page
    again = cli("report", awarded, "--verify", "--course", ours)
    assert f"✓ signed by {key.fingerprint} on " in again.stdout
    assert again.returncode == 0
    assert "? signed by" in cli("report", awarded, "--verify").stdout


def of_somebody_else(signed: certificate.Certificate) -> certificate.Certificate:
    return replace(signed, name="Eve")


def with_a_seal_from_elsewhere(signed: certificate.Certificate) -> certificate.Certificate:
    private = Ed25519PrivateKey.generate()
    return certificate.sign(signed, Key(private.public_key(), private))


def with_other_files(signed: certificate.Certificate) -> certificate.Certificate:
    (work,) = signed.work
    files = {name: replace(kept, data=kept.data + b"\n") for name, kept in work.files.items()}
    return replace(signed, work=[replace(work, files=files)])


def with_no_signature_at_all(signed: certificate.Certificate) -> certificate.Certificate:
    assert signed.seal
    return replace(signed, seal=replace(signed.seal, signature="\x1b[1m not even Base64"))


@pytest.mark.parametrize(
    "forge",
    [of_somebody_else, with_a_seal_from_elsewhere, with_other_files, with_no_signature_at_all],
)
def test_what_was_changed_under_a_seal(
    awarded: Path, ours: Path, forge: Callable[[certificate.Certificate], certificate.Certificate]
) -> None:
    key = key_of(ours)
    assert key
    signed = certificate.sign(certificate.read(awarded), key)
    awarded.write_bytes(certificate.encode(forge(signed)))
    done = cli("report", awarded, "--verify", "--sign", "--course", ours)
    assert done.returncode == errors.NEGATIVE
    assert "✗ signed by" in done.stdout
    assert "Not signed" in done.stderr


def test_what_fails_is_not_signed(awarded: Path, ours: Path) -> None:
    wrong = other_template('source "file" "two" {\n  target = "out/x"\n}\n')
    before = changed(awarded, wrong).read_bytes()
    done = cli("report", awarded, "--verify", "--sign", "--course", ours)
    assert done.returncode == errors.NEGATIVE
    assert "Not signed" in done.stderr
    assert awarded.read_bytes() == before


def test_who_can_t_sign_is_told(awarded: Path, ours: Path, tmp_path: Path) -> None:
    without = cli("report", awarded, "--verify", "--sign")
    assert without.returncode == errors.BAD_INPUT
    assert "`packerlab key` makes one" in without.stderr
    alone = cli("report", awarded, "--sign", "--course", ours)
    assert "--sign needs --verify" in alone.stderr
    book = cli("report", tmp_path, "--verify", "--sign", "--course", ours)
    assert "a gradebook is signed as it is made" in book.stderr
