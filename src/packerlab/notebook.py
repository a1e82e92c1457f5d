"""What a notebook needs: cells checked as a lab's files, Packer's console, builds in an account.

Learners' templates run in the sandbox alone, as everywhere.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import weakref
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.checks import Failure
from packerlab.course import open_course
from packerlab.display.colours import coloured
from packerlab.display.lifelines import Picture
from packerlab.display.terminal import console, show_check, show_verdict
from packerlab.errors import BadInputError, LimitError, MachineError, PackerlabError
from packerlab.lab import Limits
from packerlab.packer.environment import packer_version
from packerlab.packer.verbs import Packer
from packerlab.prepared_account import (
    ACCESS_KEY,
    SECRET_KEY,
    OfferedImage,
    Prepared,
    account_of,
    state,
)
from packerlab.report import decode
from packerlab.sandbox import Sandbox, choose
from packerlab.sandbox.box import Box
from packerlab.submissions.reader import File
from packerlab.text import clean
from packerlab.writers.html_page import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packerlab.evidence.account import AccountEvidence, Call
    from packerlab.lab import Lab
    from packerlab.packer.answers import Answer
    from packerlab.report import Report

MAIN = "main.pkr.hcl"
MANIFEST = "manifest.json"
LIMITS = Limits(deadline_s=30, cpu_s=10, memory_mb=1024, disk_mb=64)  # of one question
BUILD_LIMITS = Limits(deadline_s=180, cpu_s=60, memory_mb=1024, disk_mb=128)  # of one build
IMAGES = [
    OfferedImage(name="ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240612"),
    OfferedImage(name="debian-12-amd64-20240717-1811", owner="136693071363", login="admin"),
]
"""What an account has to start from: the images that the pages use."""

WAITING = {"Connected to SSH": "provisioning", "Waiting for SSH": "waiting for SSH"}
"""What Packer does while it makes no calls, by what it says."""

NO_ACCOUNT = "`packerlab sandbox build` makes ready what a simulated account needs, once."


class NotebookError(PackerlabError):
    """Why a cell has no result; IPython shows the sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"error: {self}"]


@contextlib.contextmanager
def _as_sentence() -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        raise NotebookError(f"Packer can't tell: {clean(failure.found)}") from None
    except LimitError as error:
        raise NotebookError(f"Packer was stopped: {error}") from None
    except PackerlabError as error:
        raise NotebookError(str(error)) from None


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext packerlab.notebook` gives the cell magic `%%packerlab LAB [FILE]`."""
    ipython.register_magic_function(Cells().check, magic_kind="cell", magic_name="packerlab")


class Cells:
    """What a notebook's cells hold: for each lab, the files that lie over its starter."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, bytes]] = {}

    @_as_sentence()
    def check(self, line: str, cell: str) -> Shown:
        """Check a lab with the cell as one of its files; those of earlier cells stay."""
        words = line.split()
        if len(words) not in (1, 2):
            raise BadInputError(f"%%packerlab LAB [FILE] checks the cell as {MAIN}, or as FILE.")
        lab = open_course(None).lab(words[0])
        name = [*words, MAIN][1]
        files = {**self._files.get(lab.slug, {}), name: cell.encode(errors="replace")}
        report = _checked(lab, files)
        self._files[lab.slug] = files
        return Shown(report, sorted(files), name, cell)


def _checked(lab: Lab, files: Mapping[str, bytes]) -> Report:
    """What `packerlab check` says of the lab's starter with these files over it.

    A process of its own, which with -P imports nothing from the folder where the notebook lies. A
    forkserver of the kernel's would.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{lab.slug}.zip")
        with zipfile.ZipFile(path, "w", strict_timestamps=False) as archive:
            for own in lab.starter.rglob("*"):
                if own.relative_to(lab.starter).as_posix() not in files:
                    archive.write(own, own.relative_to(lab.starter))
            for name, data in files.items():
                archive.writestr(name, data)
        words = ["-P", "-m", "packerlab", "check", str(path), "--lab", lab.slug, "--json"]
        done = subprocess.run(
            [sys.executable, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    said = done.stderr.decode(errors="replace").replace(f"{path}: ", "").strip()
    if not done.stdout:
        raise MachineError(said.removeprefix("error: "))
    if said:
        print(said, file=sys.stderr)
    return decode(done.stdout)


class Shown(NamedTuple):
    """A report, as a notebook shows it; `cells` are the files that came from cells.

    Jupyter colours every cell as Python. So the cell just run is shown once more, as what it is.
    """

    report: Report
    cells: list[str]
    name: str
    text: str

    def __repr__(self) -> str:
        """What `packerlab check` prints."""
        text = io.StringIO()
        out = console(file=text)
        titles = {check.name: check.title for check in self.report.checks}
        for check in self.report.checks:
            show_check(out, check, titles)
        show_verdict(out, self.report)
        return text.getvalue()

    def _repr_html_(self) -> str:
        template = environment().get_template("notebook.html")
        return template.render(self._asdict(), coloured=coloured(self.name, self.text))


class Console:
    """`packer console` in a sandbox, which opens at the first question and ends with the kernel."""

    @_as_sentence()
    def __init__(self) -> None:
        self._sandbox = _closed_with(self, {"packer"}, LIMITS)

    @_as_sentence()
    def __call__(
        self, template: str, *expressions: str, variables: Mapping[str, str] | None = None
    ) -> list[Any]:
        """The values of expressions in a template; `variables` are given as by `-var`."""
        with _packer(self._sandbox, template) as packer:
            return packer.console(list(expressions), variables or {})


class Account:
    """A simulated account, fresh for each build; its sandbox is as that of a `Console`.

    It has two images to start from; that of a `lab` holds what the lab's account does.
    """

    @_as_sentence()
    def __init__(self, lab: str | None = None) -> None:
        self._state = _state_of(lab)
        try:
            self._sandbox = _closed_with(self, {"packer", "account", "tools"}, BUILD_LIMITS)
        except MachineError as error:
            raise MachineError(f"{error}\n{NO_ACCOUNT}") from None
        self._last: Answer | None = None

    @_as_sentence()
    def build(
        self,
        template: str,
        *args: str,
        variables: Mapping[str, str] | None = None,
        after: Built | None = None,
    ) -> Built:
        """What a build of a template does; `args` are more of its arguments, as `-force`.

        One that comes `after` the last build goes on in the account and the folder that it left.
        """
        before = after.answer if after else None
        if before and before is not self._last:
            raise BadInputError("A build can only come after the last one.")
        self._last = None
        with _packer(self._sandbox, template, self._state) as packer:
            self._last = packer.build(variables or {}, args, after=before)
        return Built(self._last)

    @_as_sentence()
    def aws(self, *words: str) -> Any:
        """What the AWS command line answers, as Python's values: `aws("ec2", "describe-images")`.

        It asks the account that the last build left; before any build, one that stays for all
        further questions.
        """
        before, self._last = self._last, None
        with _packer(self._sandbox, "", self._state) as packer:
            answer = packer.script(["aws", *words, "--output", "json"], after=before)
        self._last = before or answer
        if answer.exit:
            said = answer.output.rpartition("aws: error: ")[-1].strip()  # its usage is long
            raise BadInputError(f"`aws` fails: {clean(said.splitlines()[0])}")
        return json.loads(answer.output or "null")


def _state_of(lab: str | None) -> dict[str, Any]:
    """What an account is opened with: that of a lab, or one that offers two images."""
    if lab is None:
        return state(Prepared(format=1, image=IMAGES), ACCESS_KEY, SECRET_KEY)
    found = open_course(None).lab(lab)
    opened = account_of(found)
    if opened is None:
        raise BadInputError(f"The lab {found.slug} has no account.")
    return opened


class Built(NamedTuple):
    """A build, as a notebook shows it: the lives of what it made, and its calls."""

    answer: Answer

    @property
    def account(self) -> AccountEvidence:
        """The account as the build left it."""
        return self.answer.account

    @property
    def calls(self) -> list[Call]:
        """Every call of the build, in order."""
        return self.account.calls

    @property
    @_as_sentence()
    def manifest(self) -> Any:
        """What the post-processor `manifest` wrote into its file."""
        if MANIFEST not in self.answer.files:
            raise BadInputError(
                f"The build left no {MANIFEST}: does it have the post-processor `manifest`?"
            )
        return self.answer.files.json(MANIFEST)

    @property
    def text(self) -> str:
        """What Packer said."""
        return clean(self.answer.text, len(self.answer.text))

    @property
    def verdict(self) -> str:
        """How it ended, and what it left behind."""
        found = f": {clean(self.answer.error[0])}" if self.answer.exit else "."
        left = ", ".join(self.account.leftovers) or "nothing"
        return f"Exit code {self.answer.exit}{found}\nLeft over: {left}."

    def _picture(self) -> Picture:
        said = ((word, name) for word, name in WAITING.items() if word in self.answer.text)
        _, name = next(said, ("", ""))
        return Picture(self.account, name)

    def __repr__(self) -> str:
        return "\n".join([self.verdict, *self._picture().lines()])

    def _repr_html_(self) -> str:
        template = environment().get_template("lifelines.html")
        return template.render(picture=self._picture(), verdict=self.verdict)


def _closed_with(owner: object, needs: set[str], limits: Limits) -> Sandbox:
    """A sandbox that opens when it is used, and ends with its owner."""
    backend = choose("auto", needs, [open_course(None).root], full_limits=False)
    sandbox = Sandbox(backend, limits, frozenset(needs))
    weakref.finalize(owner, sandbox.close)
    return sandbox


@contextlib.contextmanager
def _packer(
    sandbox: Sandbox, template: str, account: dict[str, Any] | None = None
) -> Iterator[Packer]:
    """Packer on a template; a sandbox that may still be at work on it afterwards is closed."""
    files = {MAIN: File(template.encode(errors="replace"))}
    with contextlib.ExitStack() as unanswered:
        unanswered.callback(sandbox.close)
        version = packer_version(sandbox)
        outputs = [MANIFEST] if account else []
        yield Packer(Box(sandbox.channel(), sandbox.limits), files, version, outputs, account)
        unanswered.pop_all()
