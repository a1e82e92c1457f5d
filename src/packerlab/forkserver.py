"""The server from which a report's process is forked: it has loaded all that a report needs.

Nothing is imported here but multiprocessing, so that a command can start it before all else.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext


def context() -> ForkServerContext:
    """How to start a process by it."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["packerlab.grading.preload"])
    return server


def start() -> None:
    """Have it load beside all that comes before the first report."""
    context()
    forkserver.ensure_running()
