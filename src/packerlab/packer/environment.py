"""Which Packer a box has, and what a program finds there: variables, the key to a lab's hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from packerlab import state as kept
from packerlab.errors import RejectedError
from packerlab.inside.aws import HOME
from packerlab.packer.versions import version_of
from packerlab.sandbox.base import AUTHORITY, PLUGINS, PROGRAM
from packerlab.sandbox.box import Box
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from packerlab.packer.versions import Version
    from packerlab.sandbox.base import Sandbox
    from packerlab.submissions.reader import Files

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/home/packer",
    "PWD": "/workspace",
    "TMPDIR": "/tmp",  # noqa: S108  (inside the box)
    "LANG": "C.UTF-8",
    "CHECKPOINT_DISABLE": "1",
    "PACKER_PLUGIN_PATH": PLUGINS,
    "AWS_EC2_METADATA_DISABLED": "true",
}

TRUSTING = ("AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where programs look for the authority that they trust: Packer, `aws`, git, Python's and curl."""

PATIENCE = {"AWS_POLL_DELAY_SECONDS": "1", "AWS_PAGER": ""}
"""Nothing here takes long, and nobody turns the pages of what `aws` answers."""

OWN_PROGRAMS = {"PATH": f"/opt/packerlab:{ENVIRONMENT['PATH']}", "AWS_DEFAULT_REGION": HOME}
"""What a learner's own programs have beside a verb's environment: Packer, and as in most pipelines
a region. Packer itself has none, since a template has to name its own."""

NO_SETTINGS = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
"""What a build writes to its home is no settings for the library that asks AWS's API: they may
name programs and endpoints. A learner's own program may have them."""

HOST_KEY = "host_key"
"""The file in the workspace that opens a lab's hosts."""


def environment(state: dict[str, Any] | None) -> dict[str, str]:
    """A verb's environment, beside an account in `state`, where there is one."""
    if state is None:
        return dict(ENVIRONMENT)
    keys = {
        "AWS_ACCESS_KEY_ID": state["access_key"],
        "AWS_SECRET_ACCESS_KEY": state["secret_key"],
    }
    return {**ENVIRONMENT, **keys, **dict.fromkeys(TRUSTING, AUTHORITY), **PATIENCE}


def with_host_key(files: Files, state: dict[str, Any] | None) -> Files:
    """A workspace with the key to the lab's hosts in it, where it has any."""
    if not state or "host_key" not in state:
        return files
    if any(name.startswith(f"{HOST_KEY}/") for name in files):
        raise RejectedError(
            f"{HOST_KEY} is the file in which the lab puts its key: name your folder otherwise."
        )
    return {**files, HOST_KEY: File(state["host_key"]["private"].encode(), private=True)}


def ask_version(box: Box) -> Version:
    """What `packer version` answers in an empty workspace."""
    return version_of(box.run([PROGRAM, "version"], {}, env=ENVIRONMENT).output)


def packer_version(sandbox: Sandbox) -> Version:
    """The version of the sandbox's Packer; asked once and remembered by digest."""
    digest = sandbox.backend.packer().digest.removeprefix("sha256:")
    memory = kept.cache_folder() / f"packer-version-{digest[:32]}.json"
    try:
        return msgspec.json.decode(memory.read_bytes(), type=tuple[int, int, int])
    except (OSError, msgspec.DecodeError):
        version = ask_version(Box(sandbox.channel(), sandbox.limits))
        kept.write_atomically(memory, msgspec.json.encode(version))
        return version
