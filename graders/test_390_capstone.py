"""The bad base: production first, then what stands on it, then a new base, and what was learnt."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    CANONICAL,
    CONFIGURATION,
    HOME,
    UBUNTU,
    check,
    expect,
    expect_at_boot,
    expect_exit,
    expect_package,
    expect_source,
    fail,
    itself,
    prepared_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.grader import AccountEvidence, Answer, Build, Call, Hidden, Image, Run

RESPOND, FIX, POSTMORTEM = "respond.sh", "fix.sh", "out/postmortem.json"
SERVICES = ("web", "shop", "mail")
CHANNELS = ("canary", "prod")
NEWEST = f"{UBUNTU}20240514"
STRANGER = "444455556666"

NIGHT = Path(__file__).parents[1] / "labs" / "390_capstone" / "starter" / "incident"
"""The night is the one that learners replay, with other names and another service."""

UNBOUND = "203.0.113.7"
"""An address that no machine here has, so a service that is to listen there does not start."""

BEFORE_S, AFTER_S = 2.0, 8.0
"""How far a moment that is written down may be from the call in the journal."""


@check(points=2, docs="#safe")
def test_safe(run: Run, hidden: Hidden) -> None:
    """respond.sh moves each channel off an affected image first, to its last good one.

    - Which images stand on the bad base, and which channels name one of them? What did such a
      channel name before?
    - The last version but one may be affected as well, or be disabled. And while a build runs,
      production still starts the bad image.
    - Find what is affected: ask for all images of your own in both regions, and follow
      `SourceImageId` until nothing new is found. For each channel that names one, walk back through
      `get-parameter-history` to the first id that is available and not affected. Do it before
      anything else changes.
    """
    case = Case(hidden)
    answer = case.responded(run)
    expect_exit(answer, f"`sh {RESPOND}`")
    case.expect_channels(answer.account, f"After `sh {RESPOND}`", case.good)
    own = answer.account.calls[case.journal :]
    unsafe = {case.parameter(*channel): case.good[channel] for channel in case.touched}
    for place, call in enumerate(own):
        if put(call) and unsafe.get(call.parameters["Name"]) == call.parameters["Value"]:
            del unsafe[call.parameters["Name"]]
        elif unsafe and call.action in STEPS and call.action != "PutParameter" and not call.error:
            fail(
                f"{RESPOND} changes something else before every channel is good again.",
                expected=[STEPS["PutParameter"], "everything else"],
                found=in_order(own[: place + 1]),
            )


@check(points=2, docs="#contain")
def test_contained(run: Run, hidden: Hidden) -> None:
    """The bad base and every image that stands on it are disabled, and none is deleted.

    - Who could still start one of these images, and under which names do they exist?
    - A copy has no tags, and another name. It may be in another region, and somebody may have made
      a further image from it. Each image says what it was made from.
    - For each region, `aws ec2 describe-images --owners self`. Begin with the base, and add every
      image whose `SourceImageId` is in your list, until nothing is added. Then
      `aws ec2 disable-image` for each, in its own region.
    """
    case = Case(hidden)
    account = case.responded(run).account
    states = {image["id"]: image["state"] for image in account.all("images")}
    kept = {snapshot["id"] for snapshot in account.all("snapshots")}
    found = {told: states.get(image.id, "deleted") for image, told in case.affected}
    bare = {told: "without its snapshot" for image, told in case.affected
            if image.id in states and not image.snapshots <= kept}  # fmt: skip
    wrong = {told: state for told, state in (found | bare).items() if state != "disabled"}
    if wrong:
        message = f"After `sh {RESPOND}`, not every affected image is disabled and kept."
        fail(message, expected="disabled", found=[f"{told}: {wrong[told]}" for told in wrong])
    harmed = [
        case.spared.get(image["name"], "an image of before")
        for image in account.all("images")
        if image.get("prepared") or (image["name"] in case.spared and image["state"] != "available")
    ]
    harmed += ["a snapshot of before" for each in account.all("snapshots") if each.get("prepared")]
    if harmed:
        message = f"After `sh {RESPOND}`, an image is changed that does not stand on the bad base."
        fail(message, expected="no change", found=sorted(harmed))


@check(points=1, docs="#builder")
def test_builder(run: Run, hidden: Hidden) -> None:
    """The builder that hangs is gone with its key pair and its group; no other machine is.

    - Which machines does the account have, what were they started from, and with which key pair?
    - A builder of Packer's has a key pair `packer_...`. What runs on an affected image without one
      is production, and builders on other images are at work.
    - `describe-instances` with the filters `image-id` and `key-name`, then `terminate-instances`,
      `wait instance-terminated`, `delete-key-pair` and `delete-security-group`.
    """
    case = Case(hidden)
    account = case.responded(run).account
    hanging = case.hanging
    states = {each["id"]: each["state"] for each in account.instances}
    pairs = {each["name"] for each in account.all("key_pairs") if not each.get("prepared")}
    groups = {each["id"] for each in account.all("security_groups") if not each.get("prepared")}
    left = {
        "the builder": states.get(hanging["id"]) != "terminated",
        "its key pair": hanging["key_name"] in pairs,
        "its security group": bool(groups & {*hanging["security_groups"]}),
    }
    if any(left.values()):
        message = f"After `sh {RESPOND}`, something of the build that hangs is still there."
        fail(message, expected="none of it", found=[told for told, there in left.items() if there])
    if states.get(case.serving) != "running":
        fail(f"{RESPOND} ends a machine that serves users.", expected="running", found="terminated")
    kinds = ("instances", "key_pairs", "security_groups")
    if any(each.get("prepared") for kind in kinds for each in account.all(kind)):
        fail(f"{RESPOND} removes something of another build.", expected="no change")


@check(points=1, docs="#forward")
def test_fixed(run: Run, hidden: Hidden) -> None:
    """fix.sh makes a new base from Canonical's newest and each service on it; all channels move.

    - What was the bad base made from? Which image would a build take today?
    - The filter takes the newest image of that name, no matter which of the owners made it. The
      cause is still in the account.
    - In base.pkr.hcl, `owners = ["099720109477"]`. Build the base, and when it is there, the three
      services. Then point both channels of each service at its new image.
    """
    case = Case(hidden)
    answer = case.fixed(run)
    expect_exit(answer, f"`sh {FIX}`")
    made = case.made(answer)
    expect_source(made["base"], f"{NEWEST} of {CANONICAL}", "The new base has the wrong source.")
    for service in SERVICES:
        image, told = made[service], f"in the new image of {service}"
        expect_source(image, itself(made["base"]), f"{service} is not built on the new base.")
        expect_package(image.disk, "labweb", told)
        expect_at_boot(image.disk, "labweb.service", told)
        message = f"{CONFIGURATION} {told} is not apps/{service}.conf."
        expect(image.disk.text(CONFIGURATION), case.settings(service), message)
    new = {(service, channel): made[service].id for service in SERVICES for channel in CHANNELS}
    case.expect_channels(answer.account, f"After `sh {FIX}`", new)


@check(points=1, needs="test_fixed", docs="#verify")
def test_booted(run: Run, hidden: Hidden) -> None:
    """No channel moves before a machine of each new image has answered.

    - The builds are green. What do you know of the images?
    - All three must be tried before the first channel moves, and the exit code of boot.py decides.
    - One loop that runs `python3 boot.py AMI PORT` for each service, under `set -e`, and after it a
      second loop that moves the channels. The port is in apps/SERVICE.conf.
    """
    case = Case(hidden)
    answer = case.fixed(run)
    own = answer.account.calls[len(case.responded(run).account.calls) :]
    new = {case.made(answer)[service].id for service in SERVICES}
    moves = [place for place, call in enumerate(own) if put(call)
             and call.parameters["Value"] in new]  # fmt: skip
    tried = {call.parameters.get("ImageId") for call in own[: moves[0]]
             if call.action == "RunInstances" and not call.error}  # fmt: skip
    if not new <= tried:
        fail(
            "A channel moves before a machine of each new image was started.",
            expected=["three images are tried", "the channels move"],
            found=in_order(own[: moves[0] + 1]),
        )
    running = [each for each in answer.account.instances if each["image"] in new
               and each["state"] != "terminated"]  # fmt: skip
    if running:
        fail(f"{FIX} leaves the machines that it has tried.", expected="none", found=len(running))
    broken = case.fixed_with_a_service_that_fails(run)
    told = "When one of three services does not start from its new image"
    before = {each["id"] for each in answer.account.all("images")}
    latest = {each["id"] for each in broken.account.all("images")} - before
    late = broken.account.calls[len(answer.account.calls) :]
    if any(put(call) and call.parameters["Value"] in latest for call in late):
        fail(f"{told}, {FIX} moves a channel.", expected="no channel moves", found="one moves")
    if broken.exit == 0:
        fail(f"{told}, {FIX} ends with exit code 0.", expected="another exit code", found="0")


@check(points=2, needs=["test_safe", "test_contained", "test_fixed"], docs="#written")
def test_postmortem(run: Run, hidden: Hidden) -> None:
    """out/postmortem.json says which images, and when it began, was contained and was over.

    - Where are the times that nobody has to remember?
    - SSM keeps when each version of a channel was written. What your scripts do, they can note at
      that moment. Only `out` is kept from one script to the next.
    - `began` is the first affected version of a `prod` channel in `get-parameter-history`. Let
      respond.sh note `safe` and `contained` with `date -u +%Y-%m-%dT%H:%M:%SZ` right after the last
      channel and the last image, and let fix.sh add the rest.
    """
    case = Case(hidden)
    answer = case.fixed(run)
    notes = answer.files.json(POSTMORTEM)
    if not isinstance(notes, dict):
        fail(f"{POSTMORTEM} is no object.", expected="an object", found=type(notes).__name__)
    words = case.words(answer)
    for key, ids in (
        ("bad_base", case.base.id),
        ("good_base", case.made(answer)["base"].id),
        ("affected", sorted(image.id for image, _ in case.affected if image is not case.base)),
    ):
        found = notes.get(key, "")
        found = sorted(map(str, found)) if isinstance(found, list) else found
        if found != ids:
            fail(
                f"`{key}` in {POSTMORTEM} is wrong.",
                expected=in_words(ids, words),
                found=in_words(found, words) if key in notes else f"no `{key}`",
            )
    for moment in case.moments(answer, case.responded(run)):
        expect_moment(notes, moment, answer.account.began)


@check(points=1, docs="#guard")
def test_guard(build: Build, hidden: Hidden) -> None:
    """The nightly job can't do it again: the template takes Canonical's newest, and no other image.

    - What if fix.sh had not been called? The job calls Packer, and not your script.
    - In this check, your account and a stranger have an image with a name like Canonical's, newer
      than all others.
    - The source is chosen in base.pkr.hcl: `owners` must contain Canonical's number and nothing
      else.
    """
    account = Case(hidden).account
    own = {"name": f"{UBUNTU}{hidden('own')}", "created": "-1h"}
    theirs = {"name": f"{UBUNTU}{hidden('theirs')}", "created": "-2h", "owner": STRANGER}
    canonical = [
        {"name": f"{UBUNTU}20240207", "created": "-99d"},
        {"name": NEWEST, "created": "-9d"},
    ]
    more = {"image": [*canonical, theirs], "team_image": [*account["team_image"], own]}
    answer = build(args=["-only=*amazon-ebs.base"], account={**account, **more})
    answer.expect_success()
    message = "The nightly job builds a base from another image than Canonical's newest."
    expect_source(answer.account.image(HOME), f"{NEWEST} of {CANONICAL}", message)


# --- the night, and what follows ------------------------------------------------------------------


class Moment(NamedTuple):
    """A key of the postmortem, what it is in words, and its call in the journal."""

    key: str
    told: str
    seconds: float
    until: float
    """When the next part began: no later moment is this one."""


class Case:
    """One night in an account that the submission can't know, and what its things are called."""

    def __init__(self, hidden: Hidden) -> None:
        self._hidden = hidden
        self._night = hidden("night")
        place = hidden.number("live", 1, 2)  # the one that learners see is web
        self.live, self.idle = SERVICES[place], SERVICES[(place + 1) % 3]
        self.spared = {
            f"{UBUNTU}debug-{self._night}": "the image that the base was made from",
            f"db-{self._night}": "an image of another team",
        }
        self.good = {
            (service, channel): self._id(service, "last")
            for service in SERVICES
            for channel in CHANNELS
        }
        self.touched = [(self.live, "canary"), (self.live, "prod"), (self.idle, "canary")]

    # --- what is run ---

    def night(self, run: Run) -> Answer:
        """What learners replay: the bad base, what people make of it, and a build that hangs."""
        files = {f"incident/{file.name}": file.read_bytes() for file in NIGHT.iterdir()
                 if file.is_file()}  # fmt: skip
        words = ["python3", "incident/replay.py", self.live, self._night]
        answer = run(words, files=files, account=self.account)
        images = {image.name: image for image in answer.account.images}
        kinds = {f"{word}-{self._night}": told for word, told in self._told.items()}
        self.affected = [(images[name], told) for name, told in kinds.items()]
        self.base = images[f"base-{self._night}"]
        alive = [each for each in answer.account.instances if each["state"] == "running"]
        self.hanging = next(each for each in alive if each["key_name"].startswith("packer_"))
        self.serving = next(each["id"] for each in alive if each["key_name"] == "operations")
        self.journal = len(answer.account.calls)
        return answer

    def responded(self, run: Run) -> Answer:
        before = self.night(run)
        answer = run(["/bin/sh", RESPOND, self.base.id], after=before)
        self.known = {image.id for image in answer.account.images}
        return answer

    def fixed(self, run: Run) -> Answer:
        files = {f"apps/{each}.conf": self.settings(each).encode() for each in SERVICES}
        return run(["/bin/sh", FIX], files=files, after=self.responded(run))

    def fixed_with_a_service_that_fails(self, run: Run) -> Answer:
        """The same again, with a configuration of the last service that keeps it from starting."""
        files = {f"apps/{each}.conf": self.settings(each).encode() for each in SERVICES}
        last = self.settings(SERVICES[-1]).replace("0.0.0.0", UNBOUND)  # noqa: S104
        files[f"apps/{SERVICES[-1]}.conf"] = last.encode()
        return run(["/bin/sh", FIX], files=files, after=self.fixed(run))

    # --- what is there ---

    @property
    def _told(self) -> dict[str, str]:
        """The affected images by the beginning of their names."""
        return {
            "base": "the bad base",
            **{service: f"the image of {service}" for service in SERVICES},
            "tools": f"an image made by hand from that of {self.live}",
            "golden": "a copy of the bad base",
            "standby": f"a copy of the image of {self.idle} in us-east-1",
            "report": "an image made from that copy in us-east-1",
        }

    def _name(self, service: str, which: str) -> str:
        return f"{service}-{self._hidden(f'{service} {which}')}"

    def _id(self, service: str, which: str) -> str:
        return prepared_id(self._name(service, which), AGES[which])

    def parameter(self, service: str, channel: str) -> str:
        return f"/images/{service}/{channel}"

    @property
    def account(self) -> dict[str, Any]:
        """As learners see it, with other images, one of them disabled where a way back leads."""
        images = [
            {
                "name": self._name(service, which),
                "created": age,
                "tags": {"Role": service, "Tested": "true"},
                "state": "disabled" if which == "withdrawn" else "available",
            }
            for service in SERVICES
            for which, age in AGES.items()
        ]
        other = f"db-{self._hidden('db')}"
        history = {
            (service, channel): [self._id(service, "first"), self._id(service, "last")]
            for service in SERVICES
            for channel in CHANNELS
        }
        for channel in CHANNELS:
            history[self.live, channel].append(self._id(self.live, "withdrawn"))
        builders = [f"packer_{self._hidden(word)}" for word in ("db", "other")]
        return {
            "team_image": [
                *images,
                {"name": "base-old", "created": "-41d", "tags": {"Role": "base"}},
                {"name": other, "created": "-20m", "tags": {"Role": "db"}},
            ],
            "parameter": {
                **{self.parameter(*channel): ids for channel, ids in history.items()},
                "/images/db/prod": f"{{image:{other}}}",
            },
            "key_pair": [{"name": "operations"}, *({"name": name} for name in builders)],
            "security_group": [{"name": name} for name in builders],
            "instance": [
                {"name": "Packer Builder", "image": image, "created": "-10m", "key_pair": name,
                 "security_groups": [name]}
                for name, image in zip(builders, (NEWEST, "base-old"), strict=True)
            ],
        }  # fmt: skip

    def settings(self, service: str) -> str:
        """What the team of a service wants in its image."""
        port = 8100 + 100 * SERVICES.index(service) + self._hidden.number(service, 1, 99)
        return (
            f"address = 0.0.0.0\nport = {port}\ngreeting = {self._hidden(f'page of {service}')}\n"
        )

    def made(self, answer: Answer) -> dict[str, Image]:
        """What fix.sh made: a base, and an image of each service."""
        new = [image for image in answer.account.images
               if image.id not in self.known and not image.about.get("prepared")]  # fmt: skip
        roles = ["base", *SERVICES]
        found = sorted(image.tags.get("Role", "none") for image in new)
        message = f"`sh {FIX}` does not leave one new image for each of these values of `Role`."
        expect(found, sorted(roles), message, no="no new image")
        return {image.tags["Role"]: image for image in new}

    def words(self, answer: Answer) -> dict[str, str]:
        """What ids are called in messages."""
        made = {image.id: f"the new image with Role={role}"
                for role, image in self.made(answer).items()}  # fmt: skip
        return {image.id: told for image, told in self.affected} | made

    def expect_channels(
        self, account: AccountEvidence, told: str, wanted: dict[tuple[str, str], str]
    ) -> None:
        """Fail where a channel does not name what it should, or another service's was changed."""
        found = {each["name"]: "" if each.get("state") == "gone" else each["value"]
                 for each in account.all("parameters")
                 if each["region"] == HOME and each.get("prepared")}  # fmt: skip
        affected = {image.id for image, _ in self.affected}
        for channel, ami in wanted.items():
            name = self.parameter(*channel)
            value = found.pop(name, self.good[channel])
            if value == ami:
                continue
            known = {self._id(channel[0], which): words for which, words in PAST.items()}
            fail(
                f"{told}, {name} names the wrong image.",
                expected="its last good image" if ami == self.good[channel] else "its new image",
                found="an affected image" if value in affected else known.get(value, "another one"),
            )
        if found:
            fail(f"{told}, a channel of another service is changed.", expected="no change")

    def moments(self, answer: Answer, responded: Answer) -> Iterable[Moment]:
        """When it began, was safe, contained and over, by the journal."""
        calls, affected = answer.account.calls, {image.id for image, _ in self.affected}
        after = len(responded.account.calls)
        night, response, fix = calls[: self.journal], calls[self.journal : after], calls[after:]
        prods = {self.parameter(service, "prod") for service in SERVICES}
        channels = {self.parameter(*channel) for channel in self.touched}
        began = [call.seconds for call in night if put(call)
                 and call.parameters["Name"] in prods
                 and call.parameters["Value"] in affected]  # fmt: skip
        safe = [call.seconds for call in response if put(call)
                and call.parameters["Name"] in channels]  # fmt: skip
        disabled = [call.seconds for call in response
                    if call.action == "DisableImage" and not call.error]  # fmt: skip
        new = {image.id for image in self.made(answer).values()}
        over = [call.seconds for call in fix if put(call) and call.parameters["Value"] in new]
        begin = fix[0].seconds
        yield Moment("began", "prod first named an affected image", began[0], began[0] + AFTER_S)
        yield Moment("safe", "the last channel was good again", safe[-1], begin)
        yield Moment("contained", "the last affected image was disabled", disabled[-1], begin)
        yield Moment("over", "the last channel named a new image", over[-1], over[-1] + AFTER_S)


AGES = {"first": "-60d", "last": "-30d", "withdrawn": "-15d"}
PAST = {"first": "the first image that it had", "withdrawn": "an image that is disabled",
        "last": "the image that it had before"}  # fmt: skip


# --- the journal ----------------------------------------------------------------------------------

STEPS = {
    "PutParameter": "a channel moves",
    "DeleteParameter": "a channel is deleted",
    "RunInstances": "a machine is started",
    "TerminateInstances": "a machine is terminated",
    "CreateImage": "an image is made",
    "CopyImage": "an image is copied",
    "DisableImage": "an image is disabled",
    "DeregisterImage": "an image is deleted",
    "DeleteSnapshot": "a snapshot is deleted",
}


def put(call: Call) -> bool:
    """Whether it moved a channel."""
    name = str(call.parameters.get("Name"))
    return call.action == "PutParameter" and not call.error and name.startswith("/images/")


def in_order(calls: Iterable[Call]) -> list[str]:
    """What happened last, in the journal's order; what is repeated is said once."""
    steps = [STEPS[call.action] for call in calls if call.action in STEPS and not call.error]
    return [step for step, _ in groupby(steps)][-6:]


def in_words(value: object, words: dict[str, str]) -> object:
    """Ids as what they stand for: they differ from run to run."""
    if isinstance(value, list):
        return sorted(str(in_words(each, words)) for each in value)
    return words.get(str(value), "another value")


def moment_of(written: object) -> datetime | None:
    """A time with its offset, as people and programs write it."""
    try:
        found = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def expect_moment(notes: dict[str, Any], moment: Moment, began: float) -> None:
    """Fail where a moment is not written down as the journal has it."""
    written = moment_of(notes.get(moment.key))
    if not written:
        found = "another form" if moment.key in notes else f"no `{moment.key}`"
        message = f"`{moment.key}` in {POSTMORTEM} is no time with its offset."
        fail(message, expected="a time such as 2026-01-31T09:30:00Z", found=found)
    at = written.timestamp() - began
    latest = min(moment.seconds + AFTER_S, moment.until + BEFORE_S)
    if not moment.seconds - BEFORE_S <= at <= latest:
        fail(
            f"`{moment.key}` in {POSTMORTEM} is not the time of that moment.",
            expected=f"when {moment.told}",
            found="an earlier time" if at < moment.seconds else "a later time",
        )
