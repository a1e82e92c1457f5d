"""Preflight, build, publish: a run that stops bad commits early, and hands on what it has made."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from packerlab.grader import (
    HOME,
    UBUNTU,
    Tag,
    check,
    expect,
    expect_exit,
    expect_package,
    expect_tags,
    fail,
    steady,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Files, Hidden, Image, Run

SCRIPT = "ci/run.sh"
RECORD = "out/image.json"
WORKFLOW = ".github/workflows/image.yml"
AMI = re.compile(r"ami-[0-9a-f]+")


@check(points=1, docs="#exit-codes")
def test_green(run: Run, hidden: Hidden) -> None:
    """For a good commit, the run succeeds and leaves one AMI with labweb in it.

    - Which command of the run is the first that fails, and what does it print?
    - CI has run `packer init .` before. The script has `sh`, and gets the commit in `GIT_SHA`.
    - Run `GIT_SHA=... sh ci/run.sh` in `packerlab shell`. Its last lines are what this check shows.
    """
    answer = good(run, hidden)
    expect_exit(answer, f"`sh {SCRIPT}`")
    expect_package(answer.account.image(HOME).disk, "labweb", "in the AMI")


@check(points=2, needs="test_green", docs="#record")
def test_record(run: Run, hidden: Hidden, submission: Files) -> None:
    """The AMI has the tag GitSha, and out/image.json describes the AMI.

    - Compare the values in `out/image.json` with the run's output. Which of them is of another
      image, or is missing?
    - `manifest` adds its entry at the end of a file that is already there, and it knows no base
      image by itself. The commit is in the variable `GIT_SHA`.
    - Begin without an old manifest. Give the build `-var "git_sha=$GIT_SHA"`, write
      `build.SourceAMI` into `custom_data`, and let `jq` put the four values together.
    """
    answer = good(run, hidden)
    image, sha = answer.account.image(HOME), commit(hidden, "first")
    expect_tags(image.tags, {"GitSha": Tag(sha, "the commit")}, "The AMI", submission)
    expect_record(answer, image, sha, submission)


@check(points=2, needs="test_green", docs="#exit-codes")
def test_failing(run: Run, hidden: Hidden) -> None:
    """If the build fails, the run fails and leaves no out/image.json, not even an old one.

    - Run it with `PKR_VAR_labweb=9.9`, and once with a further template whose build fails. What is
      its exit code, and what is in `out` then?
    - A pipe ends with the exit code of its last command, and a script goes on after a command that
      failed. What an earlier run left is still there.
    - Delete the old record first. Call `packer build` without a pipe, under `set -e`. Write
      `out/image.json` as the last step.
    """
    expect_stopped(failing(run, hidden), "If the build fails")
    missing = f"ami-0{hidden('missing')}"
    answer = adding(run, hidden, f"other_{hidden('failing')}", OTHER.replace("AMI", missing))
    if any(missing in str(call.parameters) for call in answer.account.calls):  # it was built, too
        expect_stopped(answer, "If one of two builds fails")


@check(points=1, needs="test_record", docs="#record")
def test_next(run: Run, hidden: Hidden, submission: Files) -> None:
    """The next good commit in the same folder is published in its turn.

    - Run it twice with two commits. Whose image does `out/image.json` describe then?
    - A manifest that stays in the folder has an entry for each run. The first one is the oldest.
    - Delete the manifest before each build, or take the entry whose `packer_run_uuid` is the
      manifest's `last_run_uuid`.
    """
    before = failing(run, hidden)
    before.account.let_the_second_pass()
    sha = commit(hidden, "next")
    answer = run(["/bin/sh", SCRIPT], env={"GIT_SHA": sha}, after=before)
    expect_exit(answer, f"The next `sh {SCRIPT}` in the same folder")
    earlier = {image.id for image in before.account.images}
    made = [image for image in answer.account.images if image.id not in earlier]
    expect(len(made), 1, "The next run in the same folder does not leave one more AMI.")
    expect_record(answer, made[0], sha, submission)


@check(points=2, needs="test_green", docs="#preflight")
def test_unformatted(run: Run, hidden: Hidden) -> None:
    """If a template is not formatted, the run fails before a machine starts.

    - Put too many blanks into a new file `other.pkr.hcl`. What does your run make of it?
    - `packer fmt` rewrites what it finds, and succeeds. Which option only looks?
    - Put `packer fmt -check .` before the build. It looks at every template of the folder, and its
      exit code has to stop the script.
    """
    text = "locals {\n      NAME   = 42\n}\n"
    answer = adding(run, hidden, f"other_{hidden('unformatted')}", text)
    expect_preflight(answer, "If a template is not formatted")


@check(points=1, needs="test_green", docs="#preflight")
def test_invalid(run: Run, hidden: Hidden) -> None:
    """If a template is not valid, the run fails before a machine starts.

    - Misspell an argument of a new source in `other.pkr.hcl`. What does your run make of it?
    - `packer validate` looks at what you name: one file, or all templates of a folder.
    - Put `packer validate .` before the build. Its exit code has to stop the script.
    """
    text = OTHER.replace("instance_type", "instance_tipe")
    answer = adding(run, hidden, f"other_{hidden('invalid')}", text)
    expect_preflight(answer, "If a template is not valid")


@check(points=1, docs="#workflow")
def test_workflow(run: Run, submission: Files) -> None:
    """The workflow pins Packer, and lets one run at a time build, without cancelling one.

    - Which Packer will the workflow install next month? What if two commits come within a minute?
    - `version` takes three numbers. A `concurrency` group holds a run back while another run of the
      same group is going on.
    - Set `version` to a release such as `1.16.0`. Give the job `concurrency` with a `group` that is
      the same for each run, and `cancel-in-progress: false`.
    """
    workflow = parsed(run, submission)
    expect_pinned(workflow)
    expect_one_at_a_time(workflow)


# --- commits, and what a run makes of them --------------------------------------------------------


OTHER = """source "amazon-ebs" "NAME" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  source_ami    = "AMI"
  ami_name      = "NAME"
}

build {
  sources = ["source.amazon-ebs.NAME"]
}
"""
"""A template that somebody adds, formatted and valid."""


def commit(hidden: Hidden, which: str) -> str:
    """The digest of a commit, which no file can have."""
    return hashlib.sha256(hidden(f"{which} commit").encode()).hexdigest()[:40]


def good(run: Run, hidden: Hidden) -> Answer:
    """A run in an account with a base image that nobody can know, and images that are no base."""
    images = [
        {"name": f"{UBUNTU}20240612", "created": "2024-06-12T05:48:07Z"},
        {"name": f"{UBUNTU}20240520.{hidden('base')}", "created": "2024-06-20T07:20:31Z"},
        {"name": f"{UBUNTU}20990101", "created": "2024-07-01T00:00:00Z", "owner": "444455556666"},
    ]
    env = {"GIT_SHA": commit(hidden, "first")}
    return run(["/bin/sh", SCRIPT], env=env, account={"image": images})


def failing(run: Run, hidden: Hidden) -> Answer:
    """A run after the good one, in its folder, whose build can't install labweb."""
    env = {"GIT_SHA": commit(hidden, "failing"), "PKR_VAR_labweb": f"9.0-{hidden('labweb')}"}
    return run(["/bin/sh", SCRIPT], env=env, after=good(run, hidden))


def adding(run: Run, hidden: Hidden, name: str, text: str) -> Answer:
    """A run of a commit that adds a template."""
    files = {f"{name}.pkr.hcl": text.replace("NAME", name).encode()}
    return run(["/bin/sh", SCRIPT], env={"GIT_SHA": commit(hidden, name)}, files=files)


def expect_preflight(answer: Answer, when: str) -> None:
    """Fail where a bad commit costs a machine, or looks like a good one."""
    if answer.account.instances:
        fail(f"{when}, the run starts a machine.", expected="no machine", found="an instance")
    expect_stopped(answer, when)


def expect_stopped(answer: Answer, when: str) -> None:
    """Fail where a run that went wrong looks like one that did not."""
    if answer.exit == 0:
        fail(f"{when}, the run succeeds.", expected="another exit code than 0", found="0")
    if RECORD in answer.files.irregular or (
        RECORD in answer.files and answer.files.bytes(RECORD).strip()
    ):
        fail(
            f"{when}, {RECORD} is not empty, so the next stage would use it.",
            expected="no such file, or an empty one",
            found="a file with something in it",
        )


def expect_record(answer: Answer, image: Image, sha: str, submission: Files) -> None:
    """Fail at the first value that is not of the image that the run has made."""
    found = answer.files.json(RECORD)
    if not isinstance(found, dict):
        fail(f"{RECORD} is no JSON object.", expected="ami, region, base and git_sha")
    wanted = {
        "ami": (image.id, "the id of the AMI that this run made"),
        "region": (image.about["region"], "the region of the AMI"),
        "base": (image.about["source_image"], "the id of the image that the AMI was made from"),
        "git_sha": (sha, "the commit, as GIT_SHA has it"),
    }
    for key, (value, words) in wanted.items():
        if found.get(key) != value:
            told = in_words(found[key], value, submission) if key in found else f"no `{key}`"
            fail(f"{RECORD} has a wrong `{key}`.", expected=words, found=told)


def in_words(found: object, wanted: str, submission: Files) -> str:
    """A wrong value, without ids and times, which differ from run to run."""
    if not isinstance(found, str):
        return "null" if found is None else "a value that is no text"
    if wanted in found:
        return "that, and more around it"
    if AMI.fullmatch(found):
        return "the id of another AMI"
    if found and wanted.startswith(found):
        return "the beginning of it"
    return steady(found[:200], submission) or "an empty text"


# --- the workflow, as a YAML parser in the sandbox reads it ---------------------------------------


AS_JSON = """
import json, sys, yaml
try:
    with open(sys.argv[1], "rb") as file:
        text = json.dumps({"workflow": yaml.load(file, yaml.BaseLoader)})
except yaml.YAMLError as error:
    text = json.dumps({"wrong": str(error)})
except (ValueError, RecursionError):
    text = json.dumps({"wrong": "it contains itself"})
with open(sys.argv[2], "w") as file:
    file.write(text)
"""
"""All values are texts, as they are written."""


def parsed(run: Run, submission: Files) -> dict[str, Any]:
    """The workflow as data."""
    if WORKFLOW not in submission:
        fail(f"There is no {WORKFLOW}.", expected=WORKFLOW)
    words = ["/usr/bin/python3", "-I", "-c", AS_JSON, WORKFLOW, "out/workflow.json"]
    read = run(["/bin/sh", "-c", 'mkdir -p out && exec "$@"', "sh", *words])
    answer = read.files.json("out/workflow.json")
    if "wrong" in answer:
        fail(f"{WORKFLOW} is not YAML.", found=str(answer["wrong"]))
    if not jobs_of(table(answer["workflow"])):
        fail(f"{WORKFLOW} has no jobs.", expected="a workflow of GitHub Actions")
    return table(answer["workflow"])


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def jobs_of(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [table(job) for job in table(workflow.get("jobs")).values()]


def steps_of(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [table(step) for step in listed(job.get("steps"))]


ACTION = "hashicorp/setup-packer"
EXACT = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+")
VARIABLE = re.compile(r"\$\{\{\s*env\.([\w-]+)\s*\}\}")


def expect_pinned(workflow: dict[str, Any]) -> None:
    """Fail where the action installs no Packer, or one that is not named by three numbers."""
    steps = [(job, step) for job in jobs_of(workflow) for step in steps_of(job)
             if str(step.get("uses")).lower().partition("@")[0] == ACTION]  # fmt: skip
    if not steps:
        fail("No step of the workflow installs Packer.", expected=f"a step that uses {ACTION}")
    for job, step in steps:
        version = version_of(workflow, job, step)
        if not EXACT.fullmatch(version):
            fail(
                "The workflow does not pin Packer.",
                expected="one release by its three numbers, written in the workflow",
                found=version or "no version, which means the latest",
            )


def version_of(workflow: dict[str, Any], job: dict[str, Any], step: dict[str, Any]) -> str:
    """Which Packer a step installs; the workflow may have it in a variable of its own."""
    written = str(table(step.get("with")).get("version", "")).strip()
    named = VARIABLE.fullmatch(written)
    scopes = [table(each.get("env")) for each in (step, job, workflow)]
    values = [str(scope[named[1]]) for scope in scopes if named and named[1] in scope]
    return (values or [written])[0]


EACH_RUN = re.compile(
    r"github\.(sha|run_id|run_number|run_attempt|event\.(after|head_commit))\b", re.IGNORECASE
)
EACH_REF = re.compile(r"github\.(ref|ref_name|head_ref|event\.ref)\b", re.IGNORECASE)
TRUE = re.compile(r"true|\$\{\{\s*true\s*\}\}", re.IGNORECASE)


def expect_one_at_a_time(workflow: dict[str, Any]) -> None:
    """Fail where two runs could build at once, or where a run is killed by the next."""
    jobs = jobs_of(workflow)
    calling = [job for job in jobs if "run.sh" in str([each.get("run") for each in steps_of(job)])]
    for job in calling or jobs:
        limits = [limit for limit in (workflow.get("concurrency"), job.get("concurrency")) if limit]
        groups = [group for group in map(group_of, limits) if group]
        if not groups:
            fail(
                "Two runs of the workflow can build at the same time.",
                expected="a `concurrency` group for the job that builds",
                found="no group",
            )
        if not any(is_one(group, workflow, job) for group in groups):
            fail(
                "The `concurrency` group differs from run to run, so it holds none of them back.",
                expected="a group that is the same for each run",
                found=groups[-1],
            )
        if any(TRUE.fullmatch(cancelling(limit)) for limit in limits):
            fail(
                "A new run cancels the one that is building, whose machine is then left running.",
                expected="a run that waits for the one before it",
                found="cancel-in-progress: true",
            )


def group_of(limit: object) -> str:
    """The name of a `concurrency` group, in either form."""
    group = limit.get("group", "") if isinstance(limit, dict) else limit
    return str(group).strip()


def cancelling(limit: object) -> str:
    return str(table(limit).get("cancel-in-progress", "")).strip()


def is_one(group: str, workflow: dict[str, Any], job: dict[str, Any]) -> bool:
    """Whether a group may be the same for all runs that build: not if its text says otherwise."""
    if "&&" in group:
        return True
    if EACH_RUN.search(group):
        return False
    return not EACH_REF.search(group) or "if" in job or has_one_branch(workflow)


def has_one_branch(workflow: dict[str, Any]) -> bool:
    """Whether what starts the workflow is always of one branch."""
    triggers = table(workflow.get("on"))
    push = table(triggers.get("push"))
    branches = [push["branches"]] if isinstance(push.get("branches"), str) else push.get("branches")
    names = [str(name) for name in listed(branches)]
    alone = set(triggers) <= {"push", "schedule"} and "tags" not in push
    return alone and len(names) == 1 and not set("*?[+!") & set(names[0])
