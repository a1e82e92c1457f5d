"""What a batch's forkserver has ready before the first report: imports, grammar, a pytest session.

Importing this module is its purpose: a forkserver preloads by import, and every report's process is
then a fork that pays for none of it. Nothing else may import it.
"""

from __future__ import annotations

import gc
from multiprocessing import popen_forkserver

from packerlab import grader, prepared_account
from packerlab.grading import grade_one, plugin
from packerlab.hcl import parsing
from packerlab.packer import verbs

parsing.warm_up()
plugin.warm_up()
gc.collect()
gc.freeze()
gc.disable()  # a report ends before there is anything to collect

__all__ = ["grade_one", "grader", "popen_forkserver", "prepared_account", "verbs"]
