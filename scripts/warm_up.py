"""Have Python keep the bytecode of what packerlab runs, whatever the environment says.

The simulated account runs in a sandbox, which sees the packages read-only: without bytecode it
would compile moto anew each time, for a second of CPU time. To import a thing says best what
belongs to it; the rest of the packages is hardly ever imported.
"""

# ruff: noqa: E402, F401  (what is imported after the first line, and why, is said above)
import sys

sys.dont_write_bytecode = False

import compileall

import docker
import jinja2
import rich.markdown
import typer.rich_utils
import watchfiles

import packerlab
import packerlab.cli
import packerlab.grading.preload
import packerlab.inside.control
from packerlab.inside.simulated import warm_up

warm_up()
sys.exit(not compileall.compile_dir(packerlab.__path__[0], quiet=1))
