"""The first process of a place where Packer runs bare with a container engine.

It stands in the supervisor's stead. The namespaces are those that the engine needs to work nested,
and the images are the prepared ones; not there is what is ours beside them: the filter of system
calls, the watch, the reading of evidence. The clock is inside, around Packer alone. It speaks JSON,
line for line, on its standard input and output:

    a recorded verb    {"exit", "seconds": of the verb's process, "output"}

Standard library only: it runs in the sandbox, not in the package.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, "/opt/packerlab/lib")

from packerlab.inside import containers, syscalls
from packerlab.inside.files import BOX
from packerlab.inside.processes import kill_everything

Message = dict[str, Any]

CLOCK = """
began=$(date +%s%N)
"$@" >/tmp/output 2>&1
echo $? $(($(date +%s%N) - began))
tail -c 4000 /tmp/output
"""


def run(config: Message, verb: Message) -> Message:
    """One verb, in a fresh store of images."""
    if os.path.ismount(BOX):
        syscalls.unmount(BOX)
    syscalls.mount("box", BOX, "tmpfs", 0, f"size={config['disk']},mode=0755")
    data = map(base64.b64decode, verb["data"])
    files = [(name, blob, mode) for (name, _, mode), blob in zip(verb["files"], data, strict=True)]
    containers.unpack(verb, files)
    status, say_status = os.pipe()
    words = containers.words(config, verb, say_status, 0)
    at = words.index("--seccomp")
    del words[at : at + 2]
    with Path(BOX, "stdin").open("rb") as stdin:
        done = subprocess.run(
            [*words, "sh", "-c", CLOCK, "sh", *verb["argv"]],
            stdin=stdin, capture_output=True, text=True, errors="replace", check=False,
            pass_fds=[say_status], preexec_fn=containers.enter_ids,
        )  # fmt: skip
    os.close(status)
    os.close(say_status)
    head, _, output = done.stdout.partition("\n")
    if not head:
        raise RuntimeError(done.stderr)
    code, nanoseconds = head.split()
    return {"exit": int(code), "seconds": int(nanoseconds) / 1e9, "output": output + done.stderr}


def main() -> None:
    config = json.loads(sys.argv[1])
    Path(BOX).mkdir(parents=True)
    Path("/run/hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    containers.prepare(config)
    for line in sys.stdin:
        print(json.dumps(run(config, json.loads(line))), flush=True)
    kill_everything()


if __name__ == "__main__":
    main()
