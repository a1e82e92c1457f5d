"""Is anything stale? A report on a fleet: which image was built on what, and what runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packerlab.grader import HOME, UBUNTU, check, expect_exit, fail

if TYPE_CHECKING:
    from packerlab.grader import Answer, Hidden, Run

SCRIPT = "drift.sh"
RESULT = "out/drift.json"
OTHER = "us-east-1"

BY_HAND, OLD_TEMPLATE, OLD_BASE = "by-hand", "old-template", "old-base"
GONE_BASE, STALE_IMAGE = "gone-base", "stale-image"
REASONS = (BY_HAND, OLD_TEMPLATE, OLD_BASE, GONE_BASE, STALE_IMAGE)

READING = ("Describe", "Get", "List")

FOREIGN = f"{UBUNTU}20240514"
"""The image in account.toml that is not the team's."""


@check(points=1, docs="#facts")
def test_list(run: Run, hidden: Hidden) -> None:
    """`sh drift.sh REGION` succeeds, and out/drift.json lists what is stale in that region.

    - Run `sh drift.sh us-east-1`, and compare what it lists with what is in that region.
    - Each call of `aws` has to be about the region that the script is given. An entry has the keys
      `name` and `why`, and `[]` is a list as well.
    - `export AWS_DEFAULT_REGION="$1"` at the top holds for every call. `jq '[...]'` writes a list,
      and its entries are objects such as `{ name: .Name, why: "by-hand" }`.
    """
    for region in (HOME, OTHER):
        reported(run, hidden, region)
        changes = {
            call.action
            for call in drift(run, hidden, region).account.calls
            if not call.action.startswith(READING)
        }
        if changes:
            fail(f"{SCRIPT} does more than reading.", expected="a report", found=changes)


@check(points=2, needs="test_list", docs="#newest")
def test_old_base(run: Run, hidden: Hidden) -> None:
    """old-base: a base image that has been replaced, and each image that was built on it.

    - Which image does BaseAMI name, which role has that one, and what is the newest of this role?
    - Compare ids, and find the newest by CreationDate. Images that were made by hand, disabled
      ones, and those of another role or region are never the newest.
    - For an image with BaseAMI, look that id up among your images: it is old if another image has
      the same Role and BuildRun, and a later CreationDate. Without BaseAMI, ask that of the image
      itself.
    """
    judge(run, hidden, OLD_BASE)


@check(points=1, needs="test_list", docs="#template")
def test_old_template(run: Run, hidden: Hidden) -> None:
    """old-template: each image whose TemplateSha is not the one in /templates/ROLE.

    - Which parameter has the current template of an image's role?
    - A region has more roles than one answer of SSM has parameters: an answer has ten at most.
      `aws` asks for the rest by itself, boto3 does so with a paginator.
    - Read all of `/templates` with `get-parameters-by-path`, and compare each image's TemplateSha
      with the value of `/templates/` and its own Role.
    """
    judge(run, hidden, OLD_TEMPLATE)


@check(points=1, needs="test_list", docs="#by-hand")
def test_by_hand(run: Run, hidden: Hidden) -> None:
    """by-hand: each available image of the team that has no BuildRun.

    - Whose images does `describe-images` list, if you don't say whose you want?
    - The owner `self` is your own account. Look at each of its available images, also at those that
      have no tags at all.
    - With jq, `(.Tags // []) | from_entries` turns tags into an object, also where there are none.
      An image without the key `BuildRun` has one entry, `by-hand`, and no other.
    """
    judge(run, hidden, BY_HAND)


@check(points=1, needs="test_list", docs="#gone")
def test_gone_base(run: Run, hidden: Hidden) -> None:
    """gone-base: each image whose base is disabled, or not there any more.

    - What do you get if you look up a BaseAMI that was deleted?
    - Only available images count as bases. A BaseAMI that is not the id of one of them is gone.
    - Ask for the owner `self` with the filter `Name=state,Values=available`. Each BaseAMI that is
      not among the ids of the answer is gone.
    """
    judge(run, hidden, GONE_BASE)


@check(points=1, needs=["test_old_base", "test_gone_base"], docs="#lineage")
def test_lineage(run: Run, hidden: Hidden) -> None:
    """old-base and gone-base are found through other images as well.

    - An image is built on a runtime, and the runtime on a base. Whose packages does it contain?
    - What is true of an image's base is true of the image. Follow BaseAMI until an image has none.
    - Write a function that calls itself with the base: an image is stale if its base was replaced,
      is not there, or is stale itself.
    """
    judge(run, hidden, OLD_BASE, lineage=True)
    judge(run, hidden, GONE_BASE, lineage=True)


@check(points=2, needs="test_list", docs="#machines")
def test_machines(run: Run, hidden: Hidden) -> None:
    """stale-image: each machine whose image is in the list, or not available.

    - Which of your images would you start a machine from today? All other machines are stale.
    - A stopped machine can be started again. A machine's image may be disabled, or somebody else's.
    - Take every instance whose state is not `terminated`. It is fine only if its ImageId is one of
      the team's available images, and that image is not in your list.
    """
    for region in (HOME, OTHER):
        entries = reported(run, hidden, region)
        listed = {name for name, why in entries if why != STALE_IMAGE}
        fleet = Fleet(hidden)
        for machine in MACHINES:
            image = IMAGES.get(machine.image, NOT_THE_TEAMS)
            misjudged = image.available and bool(image.whys) != (
                fleet.name(machine.image) in listed
            )
            if machine.region == region and not misjudged:  # that costs points elsewhere
                wanted = machine.state != "terminated" and not image.fresh
                expect_entry(entries, fleet.name(machine.label), STALE_IMAGE, wanted, machine.told)


@check(points=1, needs="test_list", docs="#unread")
def test_unread(run: Run, hidden: Hidden) -> None:
    """If it can't read the images, the machines or the templates, it fails.

    - What does your script write if AWS refuses one of its calls? Who would notice?
    - `set -e` stops a script at a command that fails, but not where the command is in front of a
      pipe or within `echo "$(...)"`.
    - Write each answer of `aws` to a file of its own, without a pipe, after `set -eu`. In Python,
      don't catch the exception.
    """
    for action, what in (
        ("ec2:DescribeImages", "the images"),
        ("ec2:DescribeInstances", "the machines"),
        ("ssm:Get*", "the templates' parameters"),
    ):
        if drift(run, hidden, HOME, iam={"allow": ["*"], "deny": [action]}).exit == 0:
            fail(
                f"{SCRIPT} ends with exit code 0 although AWS has not let it read {what}.",
                expected="another exit code than 0",
                found="0",
            )


# --- the fleet ------------------------------------------------------------------------------------


class Image(NamedTuple):
    """One of the team's images, and what there is to say about it."""

    told: str
    days: int
    role: str | None = None
    base: str | None = None
    sha: Literal["current", "old", "other"] = "current"
    whys: tuple[str, ...] = ()
    by_hand: bool = False
    available: bool = True
    lineage: bool = False
    """Whether it takes more than its base to tell."""
    region: str = HOME

    @property
    def fresh(self) -> bool:
        return self.available and not self.whys


class Machine(NamedTuple):
    label: str
    told: str
    image: str
    state: str = "running"
    region: str = HOME


ROLES = ("queue", "mail", "pdf", "search", "auth", "cron", "geo", "chat", "logs", "web-admin")
"""Further roles, so that one answer of SSM has not all of them."""

IMAGES = {
    # names and dates are in different orders, and the newest of all counts for nothing
    "base-9": Image("a base image that was replaced", 90, "base", whys=(OLD_BASE,)),
    "base-10": Image("the newest base image", 20, "base"),
    "base-11": Image("a disabled base image", 3, "base", available=False),
    "base-x": Image("an image that was made by hand, with the Role of a base", 2, "base",
                    by_hand=True, whys=(BY_HAND,)),
    "arm-1": Image("the newest base image of another role", 10, "base-arm"),
    "arm-web": Image("an image on the newest base of another role", 9, "web-arm", "arm-1"),
    "web-1": Image("an image on an old base that was built after the new base was there", 15,
                   "web", "base-9", whys=(OLD_BASE,)),
    "web-2": Image("an image on the newest base, of which there is an identical rebuild", 19,
                   "web", "base-10"),
    "web-3": Image("an identical rebuild on the newest base", 18, "web", "base-10"),
    "web-4": Image("an image of an old template on the newest base", 17, "web", "base-10", "old",
                   whys=(OLD_TEMPLATE,)),
    "web-5": Image("an image of an old template on an old base", 60, "web", "base-9", "old",
                   whys=(OLD_BASE, OLD_TEMPLATE)),
    "web-6": Image("an image with the TemplateSha of another role", 16, "web", "base-10", "other",
                   whys=(OLD_TEMPLATE,)),
    "web-7": Image("an image that was made by hand, with other tags copied", 8, "web", "base-9",
                   "old", by_hand=True, whys=(BY_HAND,)),
    "web-8": Image("an image without any tags", 7, by_hand=True, whys=(BY_HAND,)),
    "web-9": Image("an image whose base was deleted", 6, "web", "deleted", whys=(GONE_BASE,)),
    "web-11": Image("an image whose base is disabled", 3, "web", "base-11", whys=(GONE_BASE,)),
    "web-12": Image("an image that is disabled itself", 5, "web", "base-9", available=False),
    "runtime-1": Image("a runtime on an old base", 50, "runtime", "base-9", whys=(OLD_BASE,)),
    "runtime-2": Image("the newest runtime, which is on an old base", 14, "runtime", "base-9",
                       whys=(OLD_BASE,)),
    "shop-1": Image("an image on a runtime that was replaced", 45, "shop", "runtime-1",
                    whys=(OLD_BASE,)),
    "shop-2": Image("an image on the newest runtime, which is on an old base", 13, "shop",
                    "runtime-2", whys=(OLD_BASE,), lineage=True),
    "kiosk-1": Image("an image with an old base three steps below", 12, "kiosk", "shop-2",
                     whys=(OLD_BASE,), lineage=True),
    "python-1": Image("a runtime on the newest base", 18, "python", "base-10"),
    "python-2": Image("the newest runtime on the newest base", 11, "python", "base-10"),
    "api-1": Image("an image on a replaced runtime that is on the newest base", 17, "api",
                   "python-1", whys=(OLD_BASE,)),
    "api-2": Image("an image on the newest runtime, which is on the newest base", 4, "api",
                   "python-2", lineage=True),
    "java-1": Image("a runtime whose base was deleted", 70, "java", "deleted", whys=(GONE_BASE,)),
    "batch-1": Image("an image on a runtime whose base was deleted", 69, "batch", "java-1",
                     whys=(GONE_BASE,), lineage=True),
    **{
        f"{role}-1": Image("an image of a role without other images", 12, role, "base-10")
        for role in ROLES
    },
    # older than all of these, and the newest where they are
    "base-7": Image("the newest base image of its region", 200, "base", region=OTHER),
    "web-0": Image("an image on the newest base of its region", 199, "web", "base-7", region=OTHER),
}  # fmt: skip

NOT_THE_TEAMS = Image("an image of Canonical's", 900, available=False)

MACHINES = (
    Machine("blue", "a machine on an image that is not stale", "web-2"),
    Machine("red", "a machine on an image in the list", "web-4"),
    Machine("grey", "a machine on an image that is disabled", "web-12"),
    Machine("pink", "a machine on an image that was made by hand", "web-8"),
    Machine("white", "a machine on an image that is not the team's", FOREIGN),
    Machine("brown", "a stopped machine on an image in the list", "web-1", "stopped"),
    Machine("beige", "a stopped machine on an image that is not stale", "web-3", "stopped"),
    Machine("black", "a terminated machine", "web-1", "terminated"),
    Machine("green", "a machine of another region", "web-0", region=OTHER),
)


class Fleet:
    """The account with all of these, under names that nobody knows in advance."""

    def __init__(self, hidden: Hidden) -> None:
        self.hidden = hidden

    def name(self, label: str) -> str:
        return label if label == FOREIGN else f"{label}-{self.hidden(label)}"

    def role(self, role: str) -> str:
        return f"{role}-{self.hidden(f'role {role}')}"

    def names(self, region: str) -> set[str]:
        """What a list may name in a region, rightly or not."""
        there = [label for label, image in IMAGES.items() if image.region == region]
        there += [machine.label for machine in MACHINES if machine.region == region]
        return {*map(self.name, there), FOREIGN}

    def account(self) -> dict[str, Any]:
        roles = sorted({image.role for image in IMAGES.values() if image.role})
        return {
            "team_image": [self._image(label, image) for label, image in IMAGES.items()],
            "instance": [
                {
                    "name": self.name(machine.label),
                    "image": self.name(machine.image),
                    "state": machine.state,
                    "region": machine.region,
                }
                for machine in MACHINES
            ],
            "parameter": {
                f"/templates/{self.role(role)}": [
                    self._sha(role, "old"),
                    self._sha(role, "current"),
                ]
                for role in roles
            },
        }

    def _image(self, label: str, image: Image) -> dict[str, Any]:
        tags = {}
        if image.role:
            owner = "base-arm" if image.sha == "other" else image.role
            age = "old" if image.sha == "old" else "current"
            tags = {"Role": self.role(image.role), "TemplateSha": self._sha(owner, age)}
        if image.base:
            tags["BaseAMI"] = self._id(image.base)
        if not image.by_hand:
            tags["BuildRun"] = str(2000 + image.days)  # who goes by it goes wrong
        return {
            "name": self.name(label),
            "created": f"-{image.days}d",
            "regions": [image.region],
            "state": "available" if image.available else "disabled",
            "tags": tags,
        }

    def _id(self, base: str) -> str:
        return f"{{image:{self.name(base)}}}" if base in IMAGES else f"ami-0{self.hidden(base)}"

    def _sha(self, role: str, age: str) -> str:
        return self.hidden(f"{age} {role}")


# --- what the checks stand on ---------------------------------------------------------------------


def drift(run: Run, hidden: Hidden, region: str, **more: Any) -> Answer:
    return run(["/bin/sh", SCRIPT, region], account={**Fleet(hidden).account(), **more})


def reported(run: Run, hidden: Hidden, region: str) -> set[tuple[str, str]]:
    """What the script lists for a region: names and reasons."""
    answer = drift(run, hidden, region)
    expect_exit(answer, f"`sh {SCRIPT} {region}`")
    entries = answer.files.json(RESULT)
    if not isinstance(entries, list):
        fail(f"{RESULT} is not a list.", expected="[...]", found=type(entries).__name__)
    known = Fleet(hidden).names(region)
    for number, entry in enumerate(entries, 1):
        expect_form(f"Entry {number} of {RESULT} for {region}", entry, known)
    return {(entry["name"], entry["why"]) for entry in entries}


def expect_form(which: str, entry: Any, known: set[str]) -> None:
    """Fail where an entry can't be read, or is about something else than the region."""
    if not isinstance(entry, dict):
        fail(f"{which} is not an object.", expected='{"name": ..., "why": ...}')
    for key in ("name", "why"):
        if not isinstance(entry.get(key), str):
            fail(f"{which} has no text `{key}`.", expected='{"name": ..., "why": ...}')
    if entry["why"] not in REASONS:
        fail(f"{which} has another reason.", expected=list(REASONS), found=entry["why"])
    if entry["name"] not in known:
        fail(
            f"{which} names something that is not in that region.",
            expected="the name of an image, or the tag Name of a machine",
            found=entry["name"],
        )


def judge(run: Run, hidden: Hidden, why: str, *, lineage: bool = False) -> None:
    """Fail where a reason is missing for an image, or in excess."""
    fleet = Fleet(hidden)
    for region in (HOME, OTHER):
        entries = reported(run, hidden, region)
        expect_entry(entries, FOREIGN, why, False, NOT_THE_TEAMS.told)
        for label, image in IMAGES.items():
            if image.region == region and image.lineage is lineage:
                expect_entry(entries, fleet.name(label), why, why in image.whys, image.told)


def expect_entry(
    entries: set[tuple[str, str]], name: str, why: str, wanted: bool, told: str
) -> None:
    if wanted == ((name, why) in entries):
        return
    others = sorted(other for entry, other in entries if entry == name)
    fail(
        f"`{why}` is {'missing' if wanted else 'reported'} for {told}.",
        expected=f"an entry with `{why}`" if wanted else f"no entry with `{why}`",
        found=", ".join(others) or "no entry",
    )
