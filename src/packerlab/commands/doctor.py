"""`packerlab doctor`: what works on this machine, and how to get the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.commands.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.lab import Lab
    from packerlab.learning.readiness import Machine
    from packerlab.sandbox.base import Backend

_ENGINE = "apt install docker.io, join the group docker; then packerlab sandbox build"
REMEDIES = {
    "packer": {
        "debian": "apt install packer (1.6.6), or HashiCorp's apt repository for today's",
        "ubuntu": "HashiCorp's apt repository, or the zip from its downloads page",
        "fedora": "HashiCorp's dnf repository; cracklib has another /usr/sbin/packer",
        "macos": "for your own use only: grading uses the one in the sandbox's image",
        "windows": "install it inside WSL, as on Ubuntu",
    },
    "bubblewrap": {
        "debian": "apt install bubblewrap libseccomp2",
        "ubuntu": "apt install bubblewrap libseccomp2; from 24.04 on, an AppArmor profile must "
        "allow bwrap user namespaces: SECURITY.md has it",
        "fedora": "dnf install bubblewrap libseccomp",
        "macos": "not on macOS: use docker",
        "windows": "inside WSL 2, as on Ubuntu; else use docker",
    },
    "docker": {
        "debian": _ENGINE,
        "ubuntu": _ENGINE,
        "fedora": "dnf install moby-engine, or podman; then packerlab sandbox build",
        "macos": "install and start Docker Desktop; then packerlab sandbox build",
        "windows": "Docker Desktop with its WSL 2 engine; then packerlab sandbox build inside WSL",
    },
}
"""How each system gets a program or a sandbox. A sandbox without a row here speaks for itself."""

OLD = (
    "It has neither `packer init` nor `required_plugins` blocks. `packerlab check` and `packerlab "
    "packer` do without them; where you run `packer` itself, leave them out."
)
REMEDIES["docker-plain"] = REMEDIES["docker"]
SYSTEMS = ("debian", "ubuntu", "fedora", "macos", "windows")


class Finding(NamedTuple):
    """One capability of this machine. `trouble` is empty where it works; `remedy` may say more.

    `spare` says why no lab waits for it, where it does not work and need not.
    """

    name: str
    state: str
    trouble: str = ""
    remedy: str = ""
    spare: str = ""


class Row(NamedTuple):
    """A sandbox, why it can't run at all, and why it lacks what it does not offer."""

    backend: Backend
    trouble: str
    lacking: dict[str, str]

    @property
    def offers(self) -> list[str]:
        from packerlab.sandbox import CAPABILITIES

        return [] if self.trouble else [each for each in CAPABILITIES if each not in self.lacking]


def doctor(as_json: JsonOption = False) -> None:
    """Tell what works here, and how to get the rest. It changes nothing."""
    import msgspec

    from packerlab.display import terminal

    found = list(findings(this_system()))
    if as_json:
        rows = [finding._asdict() for finding in found]
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    out = terminal.console()
    for finding in found:
        symbol, style = _symbol(finding)
        said = "; ".join(filter(None, [finding.spare, finding.trouble or finding.state]))
        out.print(f"{symbol} {finding.name}: {said}", style=style)
        if finding.remedy:
            out.print(f"    {finding.remedy}")


def _symbol(finding: Finding) -> tuple[str, str]:
    """Red is only what a lab waits for."""
    from packerlab.display import terminal

    if finding.spare:
        return "-", "dim"
    return terminal.SYMBOLS["failed" if finding.trouble else "passed"]


def this_system() -> str:
    """Whose remedies fit: one of SYSTEMS; another Linux counts as Debian."""
    import platform

    if platform.system() != "Linux":
        return "macos" if platform.system() == "Darwin" else "windows"
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "debian"
    kin = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((name for name in kin if name in SYSTEMS), "debian")


def findings(system: str) -> Iterator[Finding]:
    """The Packer of this machine, then each sandbox and its bounds, then what labs need."""
    from packerlab.course import open_course
    from packerlab.learning.readiness import Machine

    machine = Machine()
    labs = open_course(None).labs()
    rows = [_row(backend) for backend in machine.backends]
    spare = _spare(rows, labs)
    packer = _packer(machine, system)
    yield packer._replace(spare=spare["packer"] if packer.trouble else "")
    for row in rows:
        yield from _sandbox(row, spare, system)
    yield from _labs(machine, labs)


def _row(backend: Backend) -> Row:
    from packerlab.sandbox import CAPABILITIES

    if trouble := backend.unavailable():
        return Row(backend, trouble, {})
    reasons = {each: backend.lacks(each) for each in CAPABILITIES}
    return Row(backend, "", {each: reason for each, reason in reasons.items() if reason})


def _spare(rows: list[Row], labs: list[Lab]) -> dict[str, str]:
    """Why no lab waits for a capability that a sandbox lacks; empty where one does."""
    from packerlab.sandbox import CAPABILITIES

    needed = {"packer"}.union(*(lab.needs for lab in labs))
    spare = {}
    for each in CAPABILITIES:
        having = next((row.backend.name for row in rows if each in row.offers), "")
        others = f"no lab needs it, for you have {having}" if having else ""
        spare[each] = others if each in needed else "no lab needs it"
    return spare


def _sandbox(row: Row, spare: dict[str, str], system: str) -> Iterator[Finding]:
    from packerlab.learning.readiness import PREPARE, packages

    name = row.backend.name
    if row.trouble:
        named = PREPARE in row.trouble  # the reason itself says what to do: nothing to install
        remedy = "" if named else REMEDIES.get(name, {}).get(system, "")
        yield Finding(f"{name} sandbox", "", row.trouble, remedy, spare["packer"])
        return
    weak = "; ".join(row.backend.weak())
    bounds = f"weak: {weak}" if weak else "all bounds are enforced"
    yield Finding(f"{name} sandbox", f"offers {', '.join(row.offers)}; {bounds}")
    for each, reason in row.lacking.items():
        to_install = packages(each) if name == "bubblewrap" else ""
        remedy = f"{to_install} && {PREPARE}" if to_install else ""
        yield Finding(f"{name} sandbox, {each}", "", reason, remedy, spare[each])


def _packer(machine: Machine, system: str) -> Finding:
    """The Packer of this machine: its version, and what it has or lacks."""
    from packerlab.errors import PackerlabError
    from packerlab.packer.versions import NATIVE_PLUGINS
    from packerlab.sandbox.host_packer import host_packer

    try:
        path = host_packer().path
    except PackerlabError as error:
        return Finding("packer", "", str(error), REMEDIES["packer"][system])
    packer = machine.packer
    if packer is None:
        return Finding("packer", "", f"{path} does not tell its version.")
    if packer.version < NATIVE_PLUGINS:
        return Finding("packer", f"{packer.said} ({path}), its plugins built in", remedy=OLD)
    plugins = ", ".join(f"{source} {version}" for source, version in packer.plugins.items())
    return Finding("packer", f"{packer.said} ({path})", remedy=f"plugins: {plugins or 'none'}")


def _labs(machine: Machine, labs: list[Lab]) -> Iterator[Finding]:
    """How many labs can be done now, and what the others need."""
    not_ready = machine.not_ready(labs)
    waiting = sum(map(len, not_ready.values()))
    counted = f"{len(labs) - waiting} of {len(labs)} can be done now"
    yield Finding("labs", counted) if waiting < len(labs) else Finding("labs", "", counted)
    for missing, which in not_ready.items():
        numbers = ", ".join(lab.number for lab in which)
        reason = f"need {missing.what}: {missing.reason}"
        yield Finding(f"labs {numbers}", "", reason, missing.command)
