"""The way in, as `packerlab` and as `python -m packerlab`."""

from __future__ import annotations

import os
import sys

MANY = (["grade"], ["regrade"], ["serve"], ["verify"], ["demo"], ["watch"], ["worker"])
"""The verbs that grade more than once."""


def main() -> None:
    """Run the command line; nothing is imported before it is known by which process."""
    if sys.argv[1:2] in MANY:
        _start_again_safely()
        _start_loading()
    from packerlab import cli

    cli.main()


def _start_loading() -> None:
    """Have the server of reports' processes load while we do."""
    from packerlab import forkserver

    try:
        forkserver.start()
    except OSError as error:
        from packerlab.errors import MACHINE

        print(
            "error: a socket can't be made in the folder for temporary files "
            f"({error.strerror or error}): name a short one of yours in TMPDIR.",
            file=sys.stderr,
        )
        sys.exit(MACHINE)


def _start_again_safely() -> None:
    """Run this as `python -P -m packerlab`.

    multiprocessing starts its server with `python -c`, which without `-P` imports from the current
    folder first, and a submission may lie there. It would also run a console script anew in the
    process of every report (python/cpython issue 126631).
    """
    if not sys.flags.safe_path:
        words = [sys.executable, "-P", "-m", "packerlab", *sys.argv[1:]]
        os.execv(sys.executable, words)  # noqa: S606  (ourselves)


if __name__ == "__main__":
    main()
