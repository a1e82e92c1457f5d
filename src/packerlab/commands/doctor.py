"""`packerlab doctor`: what works on this machine, and how to get the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.commands.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEDIES = {
    "packer": {
        "debian": "apt install packer (Debian's 1.6.6), or HashiCorp's repository for today's",
        "ubuntu": "HashiCorp's apt repository, or the zip from its downloads page",
        "fedora": "HashiCorp's dnf repository; /usr/sbin/packer may be cracklib's: PACKERLAB_PACKER",
        "macos": "only for your own use: grading uses the image's (packerlab sandbox build)",
        "windows": "install it inside WSL, as on Ubuntu",
    },
    "bubblewrap": {
        "debian": "apt install bubblewrap libseccomp2",
        "ubuntu": "apt install bubblewrap libseccomp2; from 24.04 an AppArmor profile for bwrap that "
        "says `userns,` must allow it user namespaces: see SECURITY.md",
        "fedora": "dnf install bubblewrap libseccomp",
        "macos": "not on macOS: use docker",
        "windows": "inside WSL 2, as on Ubuntu; elsewhere use docker",
    },
    "docker": {
        "debian": "apt install docker.io, add yourself to the group docker; packerlab sandbox build",
        "ubuntu": "apt install docker.io, add yourself to the group docker; packerlab sandbox build",
        "fedora": "dnf install moby-engine (or podman with its socket); packerlab sandbox build",
        "macos": "install and start Docker Desktop; packerlab sandbox build",
        "windows": "install Docker Desktop with its WSL 2 engine; packerlab sandbox build in WSL",
    },
}
REMEDIES["docker-plain"] = REMEDIES["docker"]
SYSTEMS = ("debian", "ubuntu", "fedora", "macos", "windows")


class Finding(NamedTuple):
    """One capability of this machine. `trouble` is empty where it works."""

    name: str
    state: str
    trouble: str = ""
    remedy: str = ""


def doctor(as_json: JsonOption = False) -> None:
    """Tell what works here, and how to get the rest. It changes nothing."""
    import msgspec  # noqa: PLC0415

    from packerlab import terminal  # noqa: PLC0415

    found = list(findings(this_system()))
    if as_json:
        rows = [finding._asdict() for finding in found]
        print(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return
    out = terminal.console()
    for finding in found:
        symbol, style = terminal.SYMBOLS["failed" if finding.trouble else "passed"]
        out.print(f"{symbol} {finding.name}: {finding.trouble or finding.state}", style=style)
        if finding.trouble and finding.remedy:
            out.print(f"    {finding.remedy}")


def this_system() -> str:
    """Whose remedies fit: one of SYSTEMS; another Linux counts as Debian."""
    import platform  # noqa: PLC0415

    if platform.system() != "Linux":
        return "macos" if platform.system() == "Darwin" else "windows"
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "debian"
    kin = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return next((name for name in kin if name in SYSTEMS), "debian")


def findings(system: str) -> Iterator[Finding]:
    """Every capability: the Packer of this machine, then each sandbox and its bounds."""
    from packerlab.errors import PackerlabError  # noqa: PLC0415
    from packerlab.sandbox import BACKENDS  # noqa: PLC0415
    from packerlab.sandbox.host_packer import host_packer  # noqa: PLC0415

    try:
        packer = host_packer()
        plugins = f", plugins in {packer.plugins}" if packer.plugins else ""
        yield Finding("packer", f"{packer.path}{plugins}")
    except PackerlabError as error:
        yield Finding("packer", "", str(error), REMEDIES["packer"][system])
    for name, make in BACKENDS.items():
        backend = make([])
        trouble = backend.unavailable()
        remedy = REMEDIES[name][system]
        if trouble:
            yield Finding(f"{name} sandbox", "", trouble, remedy)
            continue
        offers = ", ".join(sorted(backend.capabilities))
        weak = "; ".join(backend.weak())
        state = f"offers {offers}; " + (f"weak: {weak}" if weak else "all bounds are enforced")
        yield Finding(f"{name} sandbox", state)
