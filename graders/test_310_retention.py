"""Which images may go: a clean-up that asks what refers to an image, and plans before it acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packerlab.grader import HOME, check, expect, expect_exit, fail, prepared_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packerlab.grader import AccountEvidence, Answer, Hidden, Run

SCRIPT = "retention.sh"
PLAN = "out/plan.json"
OTHER = "us-east-1"
STRANGER = "444455556666"
PARTNER = "555566667777"

REMOVE, REPORT = "remove", "report"
DISABLED, PROTECTED, SHARED = "disabled", "protected", "shared"
Entry = tuple[str, str, str]
"""An image, what the plan has for it, and why."""

GIVEN = ("/images/web/canary", "/images/web/prod", "/images/web/us")
"""The channels of `account.toml`, which every account has."""


@check(points=1, docs="#plan")
def test_gone(run: Run, hidden: Hidden) -> None:
    """`sh retention.sh REGION...` deregisters the images that may go, in each of the regions.

    - Run it in `packerlab shell`, and list the images of both regions before and after.
    - Each call has to be about the region whose turn it is. Names and ages decide nothing: look for
      the images that have the tag Service, and that none of the six reasons keeps.
    - Collect the ids that must stay in a set. For each other image with the tag Service, call
      `deregister-image` with `--region` and its id.
    """
    fleet, answer = core(run, hidden)
    expect_exit(answer, f"`sh {SCRIPT} {HOME} {OTHER}`")
    fleet.judge(answer.account, "gone")


@check(points=1, needs="test_gone", docs="#snapshots")
def test_snapshots(run: Run, hidden: Hidden) -> None:
    """Their snapshots are gone too, of all their disks.

    - What is still there when an image is deregistered, and costs the same as before?
    - An image has a snapshot for each of its disks. It can be deleted as soon as the image is gone.
    - `deregister-image --delete-associated-snapshots` deletes all of them.
    """
    fleet, answer = core(run, hidden)
    deleted = [each["image"] for each in gone(answer.account, "snapshots")]
    for label in fleet.gone(answer.account):
        image = CORE[label]
        disks = f"{image.disks} disk{'s' if image.disks > 1 else ''}"
        message = f"An image with {disks} is gone, and not all of its snapshots are."
        found = deleted.count(fleet.id(label))
        if image.goes:
            expect(f"{found} deleted", f"{image.disks} deleted", message)


@check(points=1, needs="test_gone", docs="#recent")
def test_recent(run: Run, hidden: Hidden) -> None:
    """The last three tested images of each service stay, and so do images younger than 7 days.

    - Which image would you go back to if the newest two were bad? Does that differ by region?
    - Group the tested images of a region by Service, and sort each group by CreationDate. Disabled
      images, and those that are not tested, don't count.
    - In jq, `group_by` makes the groups, and `sort_by(.CreationDate) | .[-3:]` takes the last three
      of one. Keep each image whose CreationDate is later than seven days ago, too.
    """
    fleet, answer = core(run, hidden)
    fleet.judge(answer.account, "recent")


@check(points=3, needs="test_gone", docs="#used")
def test_used(run: Run, hidden: Hidden) -> None:
    """Nothing goes that an instance, a launch template, a channel or a BaseAMI names.

    - Which calls tell you the id of an image? Look at everything that could start a machine from it
      tomorrow, and at what was built on it.
    - `describe-launch-template-versions` has all versions of one template, and
      `get-parameter-history` those of one parameter. Images that are disabled or have no Service
      can have a BaseAMI as well.
    - Read the ids from: instances that are not terminated, all versions of all templates, the last
      three versions of each parameter below `/images` (`--recursive`), and the tag BaseAMI of each
      image that `describe-images --owners self --include-disabled` lists.
    """
    fleet, answer = core(run, hidden)
    fleet.judge(answer.account, "used")


@check(points=1, needs="test_gone", docs="#dry-run")
def test_dry_run(run: Run, hidden: Hidden) -> None:
    """`--dry-run` changes nothing, and its plan is what the script does without it.

    - Would you trust a plan that other lines of code make than those that do the work?
    - Make the plan first, and write it to out/plan.json, with or without `--dry-run`. Only the
      calls that change something depend on it.
    - Keep the plan in a list or a file. At the end, `if` there was no `--dry-run`, deregister each
      image whose entry says `remove`.
    """
    fleet, answer = core(run, hidden)
    went = fleet.gone(answer.account)
    dry = fleet.retention(run, "--dry-run", HOME, OTHER)
    expect_exit(dry, f"`sh {SCRIPT} --dry-run {HOME} {OTHER}`")
    for kind in ("images", "snapshots", "instances", "launch_templates", "parameters"):
        if dry.account.all(kind):
            what = kind.replace("_", " ")
            fail("--dry-run changes something.", expected="no change", found=f"other {what}")
    plan = fleet.plan(dry, " with --dry-run")
    planned = {label for label, do, _ in plan if do == REMOVE}
    for label, image in CORE.items():
        if (label in planned) is not (label in went):
            fail(
                f"--dry-run does not say what becomes of {image.told}.",
                expected="what happens without it",
                found=f"{'removed' if label in went else 'kept'}, and the plan says otherwise",
            )
    if fleet.plan(answer) != plan:
        fail(f"{PLAN} differs with and without --dry-run.", expected="the same entries")


@check(points=1, needs="test_gone", docs="#others")
def test_others(run: Run, hidden: Hidden) -> None:
    """Nothing else is touched, or even tried.

    - Whose images does `describe-images` list if you don't say whose you want?
    - Ask for the owner `self`, leave out images without the tag Service, and delete only snapshots
      of images that you have just deregistered, in the regions that were named.
    - An image without any tags has no `Tags` in the answer: `(.Tags // [])` in jq, and
      `image.get("Tags", [])` in Python.
    """
    fleet = Fleet(hidden, "others", OTHERS, crowd=True)
    answer = fleet.retention(run, HOME)
    for call in answer.account.calls:
        if call.error == "AuthFailure" and not call.action.startswith("Describe"):
            fail(f"{SCRIPT} tries to remove what belongs to another account.")
    expect_exit(answer, f"Beside images of other people, `sh {SCRIPT} {HOME}`")
    fleet.judge(answer.account, "others")
    ours = {fleet.id(label) for label, image in OTHERS.items() if image.goes}
    if any(each["image"] not in ours for each in gone(answer.account, "snapshots")):
        fail(f"{SCRIPT} deletes a snapshot that belongs to no image.")


@check(points=1, needs="test_gone", docs="#reported")
def test_reported(run: Run, hidden: Hidden) -> None:
    """Images that are disabled, protected or shared are reported, and stay as they are.

    - Who else could need an image that nothing in your account uses? Where would you see that?
    - `State` and `DeregistrationProtection` are in the answer of `describe-images`. Who may launch
      an image is an attribute of it: `describe-image-attribute --attribute launchPermission`.
    - After you have taken out what stays, ask each image that is left for these three. If one is
      true, its entry is `{"image": ..., "do": "report", "why": ...}`.
    """
    fleet = Fleet(hidden, "guarded", GUARDED)
    answer = fleet.retention(run, HOME)
    expect_exit(answer, f"With such images, `sh {SCRIPT} {HOME}`")
    fleet.judge(answer.account, "reported")
    if any(each["state"] != "gone" for each in answer.account.all("images")):
        fail(f"{SCRIPT} changes an image that should stay as it is.")
    plan = sorted(fleet.plan(answer))
    for label, image in GUARDED.items():
        found = [said(do, why) for entry, do, why in plan if entry == label]
        wanted = {"goes": said(REMOVE, ""), "reported": said(REPORT, image.guard)}.get(image.fate)
        message = f"{PLAN} has the wrong entry for {image.told}."
        expect(" and ".join(found) or "no entry", wanted or "no entry", message)


@check(points=1, needs="test_gone", docs="#unread")
def test_unread(run: Run, hidden: Hidden) -> None:
    """If AWS refuses to answer one of its questions, it removes nothing and fails.

    - What does an empty answer mean for an image: that nothing names it, or that you don't know?
    - Stop at the first question that fails, and ask all of them before you remove anything.
    - `set -e` stops a script at a command that fails, but not in front of a pipe or within
      `echo "$(...)"`: write each answer to a file. In Python, don't catch the exception.
    """
    for number, (fault, what) in enumerate(UNREAD):
        fleet = Fleet(hidden, f"unread {number}", SMALL)
        refused = {"code": "AccessDenied", "message": "You may not ask this.", **fault}
        regions = (HOME, OTHER) if "region" in fault else (HOME,)
        answer = fleet.retention(run, *regions, fault=[refused])
        if not any(call.error in DENIED for call in answer.account.calls):
            continue  # it has found another way, or asks nothing, which is judged elsewhere
        told = f"AWS has not let {SCRIPT} read {what}"
        if fleet.gone(answer.account):
            fail(f"{told}, and it removes an image.", expected="no image", found="an image")
        if answer.exit == 0:
            message = f"{told}, and it ends with exit code 0."
            fail(message, expected="another exit code than 0", found="0")


UNREAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"action": "ec2:DescribeInstance*", "region": OTHER}, "the instances of the second region"),
    ({"action": "ec2:DescribeLaunchTemplate*"}, "the launch templates"),
    ({"action": "ssm:GetParameter*"}, "the channels"),
    ({"action": "ec2:DescribeImageAttribute", "after": 1}, "whom one of the images is shared with"),
)
"""The questions that are refused in a run each, in words."""
DENIED = ("UnauthorizedOperation", "AccessDeniedException")


# --- the fleets -----------------------------------------------------------------------------------


class Image(NamedTuple):
    """One of the account's own images, and what becomes of it."""

    told: str
    days: tuple[int, int]
    """How old it is, at least and at most."""
    about: Literal["gone", "recent", "used", "others", "reported", ""] = ""
    """What the check is about that judges it."""
    fate: Literal["stays", "goes", "reported"] = "stays"
    service: str | None = "web"
    tested: str | None = "true"
    base: str = ""
    machine: Literal["running", "stopped", "terminated", ""] = ""
    """The state of an instance that was started from it."""
    guard: str = ""
    """What would make somebody decide, if nothing kept it."""
    disks: int = 1
    region: str = HOME

    @property
    def goes(self) -> bool:
        return self.fate == "goes"


NEWEST = "newest"
"""An image that every fleet has, and that stays for more than one reason."""

OLD = (130, 400)
"""Too old to stay without a reason: each service has later images that are tested, or none."""

CORE = {
    "unused": Image("an old image that never passed its tests", OLD, "gone", "goes", tested=None,
                    disks=2),
    "unused there": Image("an old image of the second region that never passed its tests", OLD,
                          "gone", "goes", tested=None, disks=3, region=OTHER),
    # the ages of one service's images are in the order of the words, those of others between them
    NEWEST: Image("the newest tested image of a service", (10, 30), "recent", base="below newest"),
    "second": Image("the second of the last three tested images of a service", (31, 50), "recent"),
    "third": Image("the third of the last three tested images of a service", (51, 70), "recent"),
    "fourth": Image("the fourth of the last tested images of a service", (71, 90), "recent", "goes",
                    base="below fourth"),
    "fifth": Image("a tested image, of whose service there are four later ones", (91, 110),
                   "recent", "goes"),
    "untested": Image("an image without the tag Tested, later than tested ones", (8, 40), "recent",
                      "goes", tested=None),
    "failed": Image("an image with the tag Tested=false, later than tested ones", (8, 40), "recent",
                    "goes", tested="false"),
    "young": Image("an image of a few days that has not been tested yet", (1, 5), "recent",
                   tested=None),
    "db-1": Image("the older one of the only two tested images of a service", (260, 400), "recent",
                  service="db"),
    "db-2": Image("the newer one of the only two tested images of a service", (130, 250), "recent",
                  service="db"),
    "api-1": Image("one of the last three tested images of a service that are not disabled",
                   (80, 120), "recent", service="api"),
    "api-2": Image("the second of the last three tested images of a service", (55, 79), "recent",
                   service="api"),
    "api-3": Image("the newest tested image of a service that is not disabled", (30, 54), "recent",
                   service="api"),
    "api-4": Image("a disabled image, newer than the others of its service", (8, 20),
                   fate="reported", service="api", base="below disabled", guard=DISABLED),
    "first there": Image("the newest tested image of a service in the second region", (80, 90),
                         "recent", base="below there", region=OTHER),
    "second there": Image("the second of the last three tested images of a service in the second "
                          "region", (91, 100), "recent", region=OTHER),
    "third there": Image("the third of the last three tested images of a service in the second "
                         "region", (101, 110), "recent", region=OTHER),
    "fourth there": Image("the fourth of the last tested images of a service in the second region",
                          (111, 125), "recent", "goes", region=OTHER),
    "running": Image("an image that a running instance was started from", OLD, "used",
                     machine="running"),
    "stopped": Image("an image that a stopped instance was started from", OLD, "used",
                     machine="stopped"),
    "terminated": Image("an image of which there is only a terminated instance", OLD, "used",
                        "goes", tested=None, machine="terminated"),
    "running there": Image("an image that an instance of the second region was started from", OLD,
                           "used", machine="running", region=OTHER),
    "version 1": Image("an image that the first version of a launch template names", OLD, "used"),
    "version 2": Image("an image that only the second of three versions of a launch template names",
                       OLD, "used"),
    "version 3": Image("an image that the latest version of a launch template names", OLD, "used"),
    "version there": Image("an image that a launch template of the second region names", OLD,
                           "used", region=OTHER),
    "three before": Image("an image that a channel had three versions ago", OLD, "used", "goes",
                          tested=None),
    "two before": Image("an image that a channel had two versions ago", OLD, "used"),
    "one before": Image("an image that a channel had in the version before", OLD, "used"),
    "now": Image("the image that a channel has", OLD, "used"),
    "now there": Image("the image that a channel of the second region has", OLD, "used",
                       region=OTHER),
    "below fourth": Image("the base of an image that goes", OLD, "used", service="base",
                          tested=None),
    "below newest": Image("the base of an image that stays", OLD, "used", service="base",
                          tested=None),
    "below disabled": Image("the base of a disabled image", OLD, "used", service="base",
                            tested=None),
    "below other": Image("the base of an image without the tag Service", OLD, "used",
                         service="base", tested=None),
    "below there": Image("the base of an image in the second region", OLD, "used", service="base",
                         tested=None, region=OTHER),
    "other": Image("an image without the tag Service", OLD, service=None, tested=None,
                   base="below other"),
}  # fmt: skip

TEMPLATES = [["version 1", "version 2", "version 3"], ["version there"]]

CHANNELS = [*[[NEWEST]] * 8, ["three before", "two before", "one before", "now"], ["now there"]]
"""The history of each. With the given ones, more than ten are before the two that matter: an answer
of SSM has ten."""

OTHERS = {
    "unused": Image("an image that may go", OLD, fate="goes", tested=None),
    NEWEST: Image("the newest image of its service", (10, 30)),
    "no tags": Image("an image without any tags", OLD, "others", service=None, tested=None),
    "no service": Image("an image without the tag Service", OLD, "others", service=None),
    "elsewhere": Image("an image of a region that was not named", OLD, "others", tested=None,
                       region=OTHER),
}  # fmt: skip

GUARDED = {
    "unused": Image("an image that nothing keeps and nobody else needs", OLD, "reported", "goes",
                    tested=None),
    "shared": Image("an image that is shared", OLD, "reported", "reported", tested=None,
                    guard=SHARED),
    "protected": Image("an image that is protected", OLD, "reported", "reported", tested=None,
                       guard=PROTECTED),
    "disabled": Image("an image that is disabled", OLD, "reported", "reported", tested=None,
                      guard=DISABLED),
    "shared, used": Image("an image that is shared, and that an instance was started from", OLD,
                          "reported", tested=None, machine="running", guard=SHARED),
    "disabled, used": Image("an image that is disabled, and that an instance was started from", OLD,
                            "reported", tested=None, machine="running", guard=DISABLED),
    "protected, second": Image("an image that is protected, and one of the last three", (31, 50),
                               "reported", guard=PROTECTED),
    "shared, third": Image("an image that is shared, and one of the last three", (51, 80),
                           "reported", guard=SHARED),
    NEWEST: Image("the newest image of its service", (10, 30), "reported"),
}  # fmt: skip

SMALL = {
    "unused": Image("an image that may go", OLD, fate="goes", tested=None),
    "unused too": Image("another image that may go", OLD, fate="goes", tested=None),
    NEWEST: Image("the newest image of its service", (10, 30)),
}


class Fleet:
    """An account with such images, under names and of services that nobody knows in advance."""

    def __init__(
        self,
        hidden: Hidden,
        name: str,
        images: dict[str, Image],
        *,
        templates: Sequence[Sequence[str]] = (),
        channels: Sequence[Sequence[str]] = (),
        crowd: bool = False,
    ) -> None:
        """With a `crowd`, there are also images and snapshots that are none of our business."""
        self.images = images
        self._hidden = hidden
        self._fleet = name
        self._templates = templates
        self._channels = channels
        self._crowd = crowd

    def id(self, label: str) -> str:
        return prepared_id(
            self._name(label), self._created(label), region=self.images[label].region
        )

    def _named(self, kind: str, what: object) -> str:
        """A name that tells nothing but the kind."""
        return f"{kind}-{self._hidden(f'{self._fleet} {kind} {what}')}"

    def _name(self, label: str) -> str:
        return self._named("image", label)

    def _created(self, label: str) -> str:
        return f"-{self._hidden.number(f'{self._fleet} age of {label}', *self.images[label].days)}d"

    @property
    def account(self) -> dict[str, Any]:
        channels = {place: [NEWEST] for place in GIVEN}
        for number, history in enumerate(self._channels):
            kind = "service" if history == [NEWEST] else "zone"  # which is the last by name, too
            place = f"/images/{self._named(kind, 'web')}/{self._named('channel', number)}"
            channels[place] = [*history]
        return {
            "team_image": [self._image(label) for label in sorted(self.images, key=self._name)],
            "instance": [
                {
                    "name": self._named("machine", label),
                    "image": self._name(label),
                    "state": image.machine,
                    "region": image.region,
                }
                for label, image in self.images.items()
                if image.machine
            ],
            "launch_template": [
                {
                    "name": self._named("template", number),
                    "image": [*map(self._name, labels)],
                    "region": self.images[labels[0]].region,
                }
                for number, labels in enumerate(self._templates)
            ],
            "parameter": {
                place: [f"{{image:{self._name(label)}}}" for label in history]
                for place, history in channels.items()
            },
            "image": self._foreign() if self._crowd else [],
            "snapshot": self._orphans() if self._crowd else [],
        }

    def _image(self, label: str) -> dict[str, Any]:
        image = self.images[label]
        tags = {}
        if image.service:
            tags["Service"] = self._named("service", image.service)
        if image.tested:
            tags["Tested"] = image.tested
        if image.base:
            tags["BaseAMI"] = f"{{image:{self._name(image.base)}}}"
        return {
            "name": self._name(label),
            "created": self._created(label),
            "regions": [image.region],
            "tags": tags,
            "state": "disabled" if image.guard == DISABLED else "available",
            "protected": image.guard == PROTECTED,
            "shared_with": [PARTNER] if image.guard == SHARED else [],
            "disks": image.disks,
        }

    def _foreign(self) -> list[dict[str, Any]]:
        """Two images of somebody else's: one has a name of ours, and one is private and shared."""
        return [
            {"name": self._name("unused"), "owner": STRANGER, "created": "-390d"},
            {"name": self._name("theirs"), "owner": STRANGER, "created": "-395d", "public": False,
             "shared": True},
        ]  # fmt: skip

    def _orphans(self) -> list[dict[str, Any]]:
        """A copy of a database, and what an earlier clean-up may have left."""
        ami = f"ami-0{self._hidden('an image of long ago')}"
        return [
            {"description": "db before the move", "created": "-500d"},
            {"description": f"Created by CreateImage(i-0123456789abcdef0) for {ami}",
             "created": "-510d"},
        ]  # fmt: skip

    def retention(self, run: Run, *words: str, **more: Any) -> Answer:
        return run(["/bin/sh", SCRIPT, *words], account={**self.account, **more})

    # --- what became of it ---

    def gone(self, account: AccountEvidence) -> list[str]:
        """The labels of the images that are not there any more."""
        ids = {each["id"] for each in gone(account, "images")}
        return [label for label in self.images if self.id(label) in ids]

    def judge(self, account: AccountEvidence, about: str) -> None:
        """Fail where one of the images goes that should stay, or the other way round."""
        went = self.gone(account)
        for label, image in self.images.items():
            if image.about == about and image.goes is not (label in went):
                fail(
                    f"{SCRIPT} {'keeps' if image.goes else 'removes'} {image.told}.",
                    expected="it goes" if image.goes else "it stays",
                    found="it stays" if image.goes else "it is gone",
                )

    def plan(self, answer: Answer, told: str = "") -> set[Entry]:
        """What out/plan.json has, with labels in place of ids; fails where it can't be read."""
        entries = answer.files.json(PLAN)
        if not isinstance(entries, list):
            fail(f"{PLAN} is not a list.", expected="[...]", found=type(entries).__name__)
        labels = {self.id(label): label for label in self.images}
        return {
            read(f"Entry {number} of {PLAN}{told}", entry, labels)
            for number, entry in enumerate(entries, 1)
        }


def core(run: Run, hidden: Hidden) -> tuple[Fleet, Answer]:
    """The fleet that most checks look at, and what the script does there."""
    fleet = Fleet(hidden, "core", CORE, templates=TEMPLATES, channels=CHANNELS)
    return fleet, fleet.retention(run, HOME, OTHER)


def gone(account: AccountEvidence, kind: str) -> list[dict[str, Any]]:
    """What was there before the script ran, and is not any more."""
    return [each for each in account.all(kind) if each.get("state") == "gone"]


def read(which: str, entry: Any, labels: dict[str, str]) -> Entry:
    """An entry of a plan."""
    form = '{"image": ..., "do": ...}'
    if not isinstance(entry, dict):
        fail(f"{which} is not an object.", expected=form)
    image, do, why = entry.get("image"), entry.get("do"), entry.get("why")
    if not isinstance(image, str) or image not in labels:
        message = f"{which} has no id of one of the account's images."
        fail(message, expected='"image": "ami-..."', found=f"{image}")
    if do not in (REMOVE, REPORT):
        message = f"{which} says something else than what to do."
        fail(message, expected=[f'"do": "{REMOVE}"', f'"do": "{REPORT}"'], found=f"{do}")
    if do == REPORT and why not in (DISABLED, PROTECTED, SHARED):
        message = f"{which} has another reason."
        fail(message, expected=[DISABLED, PROTECTED, SHARED], found=f"{why}")
    return labels[image], str(do), str(why) if do == REPORT else ""


def said(do: str, why: str) -> str:
    """What a plan says of an image, in words."""
    return f"{do}, {why}" if why else do
