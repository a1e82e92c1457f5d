"""`packerlab doctor`: what works on this machine, and how to get the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.commands.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.readiness import Machine

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
    """One capability of this machine. `trouble` is empty where it works; `remedy` may say more."""

    name: str
    state: str
    trouble: str = ""
    remedy: str = ""


def doctor(as_json: JsonOption = False) -> None:
    """Tell what works here, and how to get the rest. It changes nothing."""
    import msgspec

    from packerlab import terminal

    found = list(findings(this_system()))
    if as_json:
        rows = [finding._asdict() for finding in found]
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    out = terminal.console()
    for finding in found:
        symbol, style = terminal.SYMBOLS["failed" if finding.trouble else "passed"]
        out.print(f"{symbol} {finding.name}: {finding.trouble or finding.state}", style=style)
        if finding.remedy:
            out.print(f"    {finding.remedy}")


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
    from packerlab.readiness import PREPARE, Machine, packages
    from packerlab.sandbox import BACKENDS, CAPABILITIES

    machine = Machine()
    yield _packer(machine, system)
    for name, make in BACKENDS.items():
        backend = make([])
        trouble = backend.unavailable()
        if trouble:
            named = PREPARE in trouble  # the reason itself says what to do: nothing to install
            remedy = "" if named else REMEDIES.get(name, {}).get(system, "")
            yield Finding(f"{name} sandbox", "", trouble, remedy)
            continue
        lacking = {each: backend.lacks(each) for each in CAPABILITIES}
        offers = ", ".join(each for each, reason in lacking.items() if not reason)
        weak = "; ".join(backend.weak())
        state = f"offers {offers}; " + (f"weak: {weak}" if weak else "all bounds are enforced")
        yield Finding(f"{name} sandbox", state)
        for each, reason in lacking.items():
            if reason:
                to_install = packages(each) if name == "bubblewrap" else ""
                remedy = f"{to_install} && {PREPARE}" if to_install else ""
                yield Finding(f"{name} sandbox, {each}", "", reason, remedy)
    yield from _labs(machine)


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


def _labs(machine: Machine) -> Iterator[Finding]:
    """How many labs can be done now, and what the others need."""
    from packerlab.course import open_course

    labs = open_course(None).labs()
    not_ready = machine.not_ready(labs)
    waiting = sum(map(len, not_ready.values()))
    yield Finding("labs", f"{len(labs) - waiting} of {len(labs)} can be done now")
    for missing, which in not_ready.items():
        numbers = ", ".join(lab.number for lab in which)
        reason = f"need {missing.what}: {missing.reason}"
        yield Finding(f"labs {numbers}", "", reason, missing.command)
