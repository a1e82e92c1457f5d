"""The pytest side: fixtures for graders, the order of checks, and each check's outcome.

It runs in the process of one report, on trusted course code, and sends each check as it ends.
Static checks need no sandbox: without a `packer` they run wherever Python does.

The only importer of pytest.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
import pytest

from packerlab.checks import ATTRIBUTE, Failure, Incapable
from packerlab.course.version_range import within
from packerlab.errors import LimitError, MachineError, RejectedError
from packerlab.grader import Hidden
from packerlab.hcl.parsing import parse_trusted
from packerlab.hcl.template import SYNTAX_HINTS, SyntaxProblem
from packerlab.hidden import SHOWN
from packerlab.packer.session import Session
from packerlab.report import Check, Ending, Where, blocked
from packerlab.submissions.reader import File, digest, without
from packerlab.text import clean, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.checks import Spec
    from packerlab.hcl.parsing import Parsed
    from packerlab.hcl.template import Template
    from packerlab.lab import Lab
    from packerlab.packer.answers import Answer
    from packerlab.packer.verbs import Packer
    from packerlab.policy import Policy
    from packerlab.report import Outcome, Status
    from packerlab.submissions.reader import Files
    from packerlab.submissions.workspaces import Submission

STATIC_FIXTURES = frozenset(("template", "starter", "submission", "hidden", "policy", "request"))

UNUSED = [
    "cacheprovider", "capture", "debugging", "doctest", "faulthandler", "junitxml", "legacypath",
    "logging", "monkeypatch", "pastebin", "recwarn", "reports", "setuponly", "setupplan",
    "skipping", "stepwise", "subtests", "terminal", "threadexception", "tmpdir", "unittest",
    "unraisableexception", "warnings",
]  # fmt: skip
"""pytest's own plugins that graders have no use for; each costs every report some CPU."""

OPTIONS = [
    "--disable-plugin-autoload", "--noconftest", "--assert=plain", "--import-mode=importlib",
    *(word for name in UNUSED for word in ("-p", f"no:{name}")),
]  # fmt: skip


class Blocked(Exception):  # noqa: N818  (an outcome)
    """A check that makes no sense yet; names the one that it waits for."""


@dataclass(eq=False)  # pytest keeps plugins by identity
class Grading:
    """The plugin for one report; `send` gets each check, and all of them first as blocked.

    With `until_failed`, the first failed check blocks all others.
    """

    lab: Lab
    submission: Submission
    parsed: Callable[[], Parsed]
    packer: Packer | None
    send: Callable[[Check, float], None]
    plan: Callable[[list[Check]], None]
    until_failed: bool = False
    ending: Ending = Ending()  # noqa: RUF009  (frozen)
    log: str = ""
    _outcomes: dict[str, str] = field(default_factory=dict)

    # --- fixtures ---

    @pytest.fixture(scope="session")
    def template(self) -> Template:
        """The learner's template, parsed."""
        return self._template

    @pytest.fixture(scope="session")
    def starter(self) -> Template:
        """The lab's starter, parsed."""
        folder = self.lab.starter
        names = [file for file in folder.rglob("*") if file.is_file()]
        files = {str(file.relative_to(folder)): File(file.read_bytes()) for file in names}
        return parse_trusted(files)

    @pytest.fixture(name="submission", scope="session")
    def submitted(self) -> Files:
        """The learner's files as they were handed in."""
        return dict(self.submission.files)

    @pytest.fixture(scope="session")
    def hidden(self) -> Hidden:
        """Values that this submission can't know, the same on every machine with the course."""
        return self._hidden

    @pytest.fixture(scope="session")
    def policy(self) -> Policy:
        """A team's own rules for images, from `class.toml`; where there is none, none of them."""
        return self.lab.policy

    @pytest.fixture(scope="session")
    def build(self) -> Callable[..., Answer]:
        """`build(vars, args, nth)`: a build from the submitted bytes; equal calls run once."""
        return self._session.build

    @pytest.fixture(scope="session")
    def validate(self) -> Callable[..., Answer]:
        """`validate(vars, args)`: `packer validate`; equal calls run once."""
        return self._session.validate

    @pytest.fixture(scope="session")
    def fmt(self) -> Callable[[], Answer]:
        """`fmt()`: `packer fmt -check` on the submitted bytes."""
        return self._session.fmt

    @pytest.fixture(scope="session")
    def console(self) -> Callable[..., list[Any]]:
        """`console([expressions], vars)`: their values, in one batch."""
        return self._session.console

    @pytest.fixture(scope="session")
    def run(self) -> Callable[..., Answer]:
        """`run(argv, nth)`: a learner's own program, in the box."""
        return self._session.run

    # --- what the fixtures stand on ---

    @cached_property
    def _parsed(self) -> Parsed:
        return self.parsed()

    @property
    def _template(self) -> Template:
        if isinstance(self._parsed, SyntaxProblem):
            problem = self._parsed
            raise Failure(f"The template can't be read: {problem.message}", where=problem.where)
        return self._parsed

    @cached_property
    def _session(self) -> Session:
        return Session(self.lab, self.packer, lambda: self._template)

    @cached_property
    def _hidden(self) -> Hidden:
        built = without(self.submission.files, self.lab.manifest.outputs)
        hidden = Hidden(self.lab.secret or self.lab.digest.encode(), digest(built))
        if self.packer:
            self.packer.secrets = hidden.secrets
        return hidden

    # --- pytest's hooks ---

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A grader that can't be loaded is a fault of ours."""
        if report.failed:
            self.log = str(report.longrepr)
            self.ending = Ending("fault", "the grader can't be loaded.")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tell the plan, in file order; then run static checks first.

        Of what the reader or the parser refuses there is no more than the plan.
        """
        undeclared = [item.name for item in items if not hasattr(_function(item), ATTRIBUTE)]
        if undeclared:
            self.ending = Ending("fault", f"{undeclared[0]} has no @check.")
            items.clear()
            return
        order = _static_first(items)
        if unmet := _needs_what_never_passed(order):
            self.ending = Ending("fault", unmet)
            items.clear()
            return
        self.plan([blocked(self._check(item, "blocked", "")) for item in items])
        if self._is_refused():
            items.clear()
            return
        if isinstance(self._parsed, SyntaxProblem) and items:
            self._only_the_syntax(items)
            return
        items[:] = order

    def _is_refused(self) -> bool:
        try:
            if not self.submission.refusal:
                self._parsed  # noqa: B018  (raises why it is refused)
                return False
            self.ending = Ending("rejected", self.submission.refusal)
        except RejectedError as error:
            self.ending = Ending("rejected", str(error))
        except MachineError as error:
            self.ending = Ending("fault", str(error))
        return True

    def _only_the_syntax(self, items: list[pytest.Item]) -> None:
        """A template that can't be read fails one check; every other waits for that one."""
        asking = [item for item in items if "template" in _fixtures(item)]
        first = (asking or items)[0]
        try:
            self._template  # noqa: B018  (raises what the check says)
        except Failure as failure:
            failed = self._check(first, "failed", "", failure)
            self.send(msgspec.structs.replace(failed, hints=list(SYNTAX_HINTS), docs=""), 0.0)
        for item in items:
            if item is not first:
                self._send(item, "blocked", blocked_by=first.name)
        items.clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        spec = spec_of(item)
        if self.packer and not within(self.packer.version, spec.packer):
            here = ".".join(map(str, self.packer.version))
            raise Incapable(f"This check needs Packer {spec.packer}; here it is {here}.")
        for needed in spec.needs:
            if self._outcomes.get(needed) != "passed":
                raise Blocked(needed)
        failed = [name for name, outcome in self._outcomes.items() if outcome == "failed"]
        if failed and self.until_failed:
            raise Blocked(failed[0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Turn what a check raised into an outcome, and stop where the report has ended.

        pytest's own report is not made: its traceback is never read, and takes many milliseconds.
        """
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" or (call.when == "setup" and error is not None):
            self._conclude(item, error, call.duration)
        outcome: Literal["passed", "failed"] = "failed" if error else "passed"
        when = cast("Literal['setup', 'call', 'teardown']", call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, when)

    def _conclude(self, item: pytest.Item, error: BaseException | None, seconds: float) -> None:
        if isinstance(error, RejectedError):
            self._end(item, "rejected", str(error))
        elif isinstance(error, LimitError):
            self._end(item, error.status, f"{item.name}: {error.reason}", retry=error.retry)
        elif isinstance(error, MachineError):
            self._end(item, "fault", str(error), retry=error.retry)
        elif error is None:
            self._send(item, "passed", seconds=seconds)
        elif isinstance(error, Blocked):
            self._send(item, "blocked", blocked_by=str(error))
        elif isinstance(error, Incapable):
            self._send(item, "incapable", Failure(str(error)))
        elif isinstance(error, Failure):
            self._send(item, "failed", error, seconds=seconds)
        elif isinstance(error, AssertionError) and str(error):
            self._send(item, "failed", Failure(str(error)), seconds=seconds)
        else:
            self.log = self._hidden.redacted("".join(traceback.format_exception(error)))
            self._end(item, "fault", f"{item.name} broke: {_fault(error)}")

    def _end(self, item: pytest.Item, status: Status, reason: str, *, retry: bool = False) -> None:
        self.ending = Ending(status, self._shown(reason), retry)
        item.session.shouldstop = reason

    def _send(
        self,
        item: pytest.Item,
        outcome: Outcome,
        failure: Failure | None = None,
        *,
        blocked_by: str = "",
        seconds: float = 0.0,
    ) -> None:
        self._outcomes[item.name] = outcome
        self.send(self._check(item, outcome, blocked_by, failure), seconds)

    def _check(
        self, item: pytest.Item, outcome: Outcome, blocked_by: str, failure: Failure | None = None
    ) -> Check:
        spec = spec_of(item)
        failed = outcome == "failed"
        where = failure.where if failure else None
        expected, found = self._compared(failure) if failure else ("", "")
        return Check(
            name=item.name,
            title=spec.title,
            outcome=outcome,
            points=spec.points if outcome == "passed" else 0,
            max_points=spec.points,
            message=self._shown(failure.message) if failure else "",
            expected=expected,
            found=found,
            where=Where(self._shown(visible(where.file)), where.line, where.column)
            if where
            else None,
            hints=list(spec.hints) if failed else [],
            docs=f"{self.lab.track}/{self.lab.slug}{spec.docs}" if spec.docs else "",
            blocked_by=blocked_by,
        )

    def _compared(self, failure: Failure) -> tuple[str, str]:
        """What was expected and found; not the same text twice, as if there were no difference."""
        expected, found = self._shown(failure.expected), self._shown(failure.found)
        if found and found == expected:
            hidden = SHOWN in found
            found = f"the same with another {SHOWN}" if hidden else "what looks the same here"
        return expected, found

    def _shown(self, text: str) -> str:
        """No text that leaves this process holds a hidden value, nor what acts on a terminal."""
        return clean(self._hidden.redacted(text))


def spec_of(item: pytest.Item) -> Spec:
    """How a check is declared."""
    spec: Spec = getattr(_function(item), ATTRIBUTE)
    return spec


def _static_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """The order in which checks run: a static one before all others, unless it waits for those."""
    static = {item.name for item in items if _fixtures(item) <= STATIC_FIXTURES}
    for item in items:
        if not static.issuperset(spec_of(item).needs):
            static.discard(item.name)
    return sorted(items, key=lambda item: item.name not in static)


def _needs_what_never_passed(order: list[pytest.Item]) -> str:
    """The first check that needs one which does not run before it, in a sentence."""
    before: set[str] = set()
    for item in order:
        for needed in spec_of(item).needs:
            if needed not in before:
                return (
                    f"{item.name} needs {needed}, and no check that runs before it has that name."
                )
        before.add(item.name)
    return ""


def _function(item: pytest.Item) -> Any:
    return item.function  # type: ignore[attr-defined]


def _fixtures(item: pytest.Item) -> set[str]:
    return set(item.fixturenames)  # type: ignore[attr-defined]


def _fault(error: BaseException | None) -> str:
    """One line on a mistake of ours: what, and where in the course or the engine."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return clean(f"{type(error).__name__}: {error}{place}", 300)


def warm_up() -> None:
    """Have pytest load all that a session needs, once for many forks."""
    pytest.main([*OPTIONS, "--collect-only", *_only_ours(Path(__file__).with_name("warm_up.py"))])


def _only_ours(grader: Path) -> list[str]:
    """The words that keep pytest from any configuration but ours."""
    ini = Path(__file__).with_name("pytest.ini")
    return ["-c", str(ini), f"--rootdir={grader.parent}", str(grader)]


def run_checks(grading: Grading, grader: Path) -> None:
    """Run a grader's checks in this process."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        if os.environ.get(name):
            raise MachineError(f"{name} is set, and would change how checks run: unset it.")
    pytest.main([*OPTIONS, *_only_ours(grader)], plugins=[grading])
