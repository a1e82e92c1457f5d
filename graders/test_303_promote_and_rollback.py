"""Channels without a state file: parameters that name images, and scripts that move them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import HOME, check, expect, expect_exit, fail, prepared_id

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Answer, Hidden, Run

WEB = {"Service": "web", "Tested": "true"}
STRANGER = "444455556666"
OTHERS = "/images/db/prod"
GIVEN = ("canary", "prod")
"""The channels that learners know. All others have hidden names."""


class Kind(NamedTuple):
    """An image of the fleet: its age, its tags, and its state."""

    created: str
    tags: dict[str, str]
    state: str = "available"


FLEET = {
    "the first image": Kind("-40d", WEB),
    "the second image": Kind("-80d", WEB),  # of an old branch: age is not the order of promotion
    "the third image": Kind("-20d", WEB),
    "the fourth image": Kind("-5d", WEB),
    "an untested image": Kind("-3h", {"Service": "web"}),
    "an image that failed its tests": Kind("-2h", {**WEB, "Tested": "false"}),
    "a tested image of another service": Kind("-1d", {**WEB, "Service": "webmail"}),
    "a disabled image": Kind("-30d", WEB, "disabled"),
}
FIRST, SECOND, THIRD, FOURTH, UNTESTED, FAILED, MAIL, DISABLED = FLEET
THEIRS = "another account's image of the same name"
GONE = "an image that is not there"

REFUSED = (
    (UNTESTED, "canary", UNTESTED),
    (f"{FAILED}, and that canary has, for prod", "prod", FAILED),
    (MAIL, "canary", MAIL),
    (DISABLED, "canary", DISABLED),
    (THEIRS, "canary", THEIRS),
    (GONE, "canary", GONE),
    ("a channel that does not exist", "no-such", SECOND),
)
"""What it is in words, the channel, and the image."""

ROLLBACK = ["/bin/sh", "rollback.sh", "prod"]
TRY_ALL = """
code=0 bit=1
while [ $# -gt 0 ]; do
  sh promote.sh "$1" "$2" || code=$((code + bit))
  bit=$((bit * 2))
  shift 2
done
exit $code
"""
"""Promotes one after the other. Each that is refused sets a bit of the exit code."""


@check(points=2, docs="#pointer")
def test_promote(run: Run, hidden: Hidden) -> None:
    """`sh promote.sh CHANNEL AMI` points the channel at a tested image of web.

    - What does a machine ask to learn which image production has today?
    - A channel is the parameter `/images/web/CHANNEL`, and its value is the image's id. CHANNEL may
      be any channel that exists.
    - `aws ssm put-parameter --name "/images/web/$1" --value "$2" --overwrite` moves it.
    """
    fleet = Fleet(hidden, {"canary": [FIRST], "prod": [FIRST], "other": [FIRST]})
    answer = fleet.promote(run, "canary", SECOND, account=fleet.account)
    expect_exit(answer, "`sh promote.sh canary` with a tested image")
    told = "After the second image was promoted to canary"
    fleet.expect_channels(answer.account, told, {"canary": SECOND})
    answer = fleet.promote(run, "other", THIRD, after=answer)
    expect_exit(answer, "`sh promote.sh` for another channel")
    told += ", and the third image to another channel"
    fleet.expect_channels(answer.account, told, {"canary": SECOND, "other": THIRD})


@check(points=2, needs="test_promote", docs="#who-may")
def test_refuses(run: Run, hidden: Hidden) -> None:
    """It refuses every other image, and a channel that does not exist, and changes nothing.

    - What does the account know of an image that the id alone doesn't tell you?
    - `describe-images` takes an id, an owner and filters together, and returns only what fits all
      of them. It fails if no image has the id. `get-parameter` fails if no parameter has the name.
    - Ask for `--owners self --image-ids "$2"` with filters on `tag:Service`, `tag:Tested` and
      `state`, and read the channel's parameter. Unless exactly one image comes back, `exit 1`. Do
      all of that before you move anything.
    """
    fleet = Fleet(hidden, {"canary": [FIRST, FAILED], "prod": [FIRST]})
    answer = fleet.try_all(run, *REFUSED)
    moved = [words for words, *there in REFUSED if fleet.was_put(answer, *there)]
    if moved:
        fail("promote.sh does not refuse what it should.", expected="no change", found=moved)
    fleet.expect_channels(answer.account, "After promotions that should be refused")
    green = [words for bit, (words, *_) in enumerate(REFUSED) if not answer.exit >> bit & 1]
    if green:
        message = "promote.sh changes nothing, but ends with exit code 0: a pipeline would go on."
        fail(message, expected="another exit code than 0", found=green)


@check(points=1, needs="test_promote", docs="#canary-first")
def test_canary_first(run: Run, hidden: Hidden) -> None:
    """`prod` takes only the image that `canary` has at that moment.

    - What should an image have done before all of production gets it?
    - If the channel is prod, read the parameter of canary, and compare it with the AMI.
    - If `$1` is `prod` and the value of `/images/web/canary` is not `$2`, then `exit 1`.
    """
    fleet = Fleet(hidden, {"canary": [FIRST, SECOND], "prod": [FOURTH]})
    answer = fleet.try_all(run, *(("", "prod", image) for image in (THIRD, FIRST, SECOND)))
    for name, told in ((THIRD, "canary never had"), (FIRST, "canary does not have any more")):
        if fleet.was_put(answer, "prod", name):
            fail(f"prod gets an image that {told}.", expected="no change", found="prod was moved")
    told = "After the image that canary has was promoted to prod"
    fleet.expect_channels(answer.account, told, {"prod": SECOND})
    codes = ["another" if answer.exit >> bit & 1 else "0" for bit in range(3)]
    message = (
        "Promotions to prod end with the wrong exit codes: of an image that canary never had, of "
        "one that it had before, and of the one that it has."
    )
    expect(codes, ["another", "another", "0"], message)


@check(points=2, docs="#back")
def test_rollback(run: Run, hidden: Hidden) -> None:
    """`sh rollback.sh CHANNEL` goes back to the image before, and then to the one before that.

    - Roll back twice. Does the channel return to the image that you wanted to leave?
    - The history has every value in order, also those that a rollback has put there. Find where
      today's image came for the first time. What was there before it?
    - Walk back from there, and take the first id that `describe-images` knows as `available`. Give
      it the ids as a filter, `Name=image-id,Values=a,b`: one that is gone is no error then. If no
      id is left, `exit 1`.
    """
    history = [FIRST, SECOND, GONE, DISABLED, THIRD, THIRD]
    fleet = Fleet(hidden, {"canary": [FIRST, FOURTH], "prod": history})
    told = "After `sh rollback.sh prod`"
    answer = run(ROLLBACK, account=fleet.account)
    expect_exit(answer, "`sh rollback.sh prod`")
    fleet.expect_channels(answer.account, told, {"prod": SECOND})
    answer = run(ROLLBACK, after=answer)
    expect_exit(answer, "The second `sh rollback.sh prod`")
    fleet.expect_channels(answer.account, f"{told} twice", {"prod": FIRST})
    answer = run(ROLLBACK, after=answer)
    fleet.expect_channels(answer.account, f"{told} three times", {"prod": FIRST})
    if answer.exit == 0:
        message = "With no image to go back to, rollback.sh ends with exit code 0."
        fail(message, expected="another exit code than 0", found="0")


@check(points=2, docs="#revoke")
def test_revoke(run: Run, hidden: Hidden) -> None:
    """`sh revoke.sh AMI` disables the image, keeps it, and moves every channel of web off it.

    - Who can find out what was wrong with an image that you have deregistered?
    - `disable-image` makes an image unusable, and keeps it with its snapshots. Before you do that,
      find all channels that name it: `get-parameters-by-path --path /images/web`.
    - For each parameter below `/images/web` whose value is the AMI, run your rollback. Then run
      `aws ec2 disable-image --image-id "$1"`.
    """
    fleet = Fleet(
        hidden,
        {
            "canary": [FIRST, SECOND, THIRD],
            "prod": [FOURTH, FIRST],
            "had": [THIRD, SECOND],
            **{f"more{number}": [FOURTH] for number in range(9)},  # a list has pages of ten
            "zone": [SECOND, DISABLED, THIRD],
        },
    )
    answer = run(["/bin/sh", "revoke.sh", fleet.id(THIRD)], account=fleet.account)
    expect_exit(answer, "`sh revoke.sh`")
    told = "After `sh revoke.sh` with the third image"
    fleet.expect_states(answer.account, told, {THIRD: "disabled"})
    if any(each.get("state") == "gone" for each in answer.account.all("snapshots")):
        fail("A snapshot was deleted.", expected="the image and its snapshot", found="the image")
    fleet.expect_channels(answer.account, told, {"canary": SECOND, "zone": SECOND})


@check(points=1, docs="#launch")
def test_launch(run: Run, hidden: Hidden) -> None:
    """`sh launch.sh CHANNEL` starts a machine from the image that the channel names.

    - Where does the id in `launch.sh` come from? What happens to it when the channel moves?
    - When EC2 starts a machine, it can look up the image in a parameter that you name.
    - `--image-id "resolve:ssm:/images/web/$1"` takes the place of the id.
    """
    fleet = Fleet(hidden, {"canary": [FIRST], "prod": [FIRST], "other": [FIRST, SECOND]})
    answer = run(["/bin/sh", "launch.sh", fleet.channel("other")], account=fleet.account)
    expect_exit(answer, "`sh launch.sh`")
    running = [each for each in answer.account.instances if each["state"] != "terminated"]
    expect(
        [fleet.in_words(each["image"]) for each in running],
        [SECOND],
        "launch.sh does not start one machine from the image that the channel names.",
        no="no machine",
    )


# --- what the checks stand on ---------------------------------------------------------------------


class Fleet:
    """An account that the submission can't know, and what its ids are called in messages."""

    def __init__(self, hidden: Hidden, channels: dict[str, list[str]]) -> None:
        """`channels` has the history of each, oldest first."""
        self._hidden = hidden
        self._channels = channels
        self._ids = {
            **{name: prepared_id(self.name(name), FLEET[name].created) for name in FLEET},
            THEIRS: prepared_id(self.name(FIRST), "-1h", STRANGER),
            GONE: prepared_id(self.name(GONE)),
        }

    def name(self, image: str) -> str:
        return f"web-{self._hidden(image)}"

    def id(self, image: str) -> str:
        return self._ids[image]

    def in_words(self, ami: str) -> str:
        return next((image for image, known in self._ids.items() if known == ami), "another value")

    def channel(self, name: str) -> str:
        return name if name in GIVEN else f"{name}-{self._hidden(name)}"

    def parameter(self, channel: str) -> str:
        return f"/images/web/{self.channel(channel)}"

    @property
    def account(self) -> dict[str, Any]:
        channels = {
            self.parameter(channel): [self.id(image) for image in history]
            for channel, history in self._channels.items()
        }
        return {
            "team_image": [
                {"name": self.name(image), **kind._asdict()} for image, kind in FLEET.items()
            ],
            "image": [{"name": self.name(FIRST), "created": "-1h", "owner": STRANGER}],
            "parameter": {OTHERS: self.id(MAIL), **channels},
        }

    # --- what is run in it ---

    def promote(self, run: Run, channel: str, image: str, **varied: Any) -> Answer:
        return run(["/bin/sh", "promote.sh", self.channel(channel), self.id(image)], **varied)

    def try_all(self, run: Run, *tries: tuple[str, str, str]) -> Answer:
        words = [
            word for _, channel, image in tries for word in (self.channel(channel), self.id(image))
        ]
        return run(["/bin/sh", "-c", TRY_ALL, "sh", *words], account=self.account)

    # --- what it is like then ---

    def was_put(self, answer: Answer, channel: str, image: str) -> bool:
        """Whether a channel was moved to an image, if only for a moment."""
        wanted = {"Name": self.parameter(channel), "Value": self.id(image)}.items()
        calls = [call for call in answer.account.calls if call.action == "PutParameter"]
        return any(wanted <= call.parameters.items() and not call.error for call in calls)

    def expect_channels(
        self, account: AccountEvidence, told: str, moved: dict[str, str] | None = None
    ) -> None:
        """Fail where a channel was not moved as it should be, or another parameter was changed."""
        changed = {
            each["name"]: "nothing" if each.get("state") == "gone" else self.in_words(each["value"])
            for each in account.all("parameters")
            if each["region"] == HOME and each["name"].startswith("/images/")
        }
        for channel, history in self._channels.items():
            words = channel if channel in GIVEN else "another channel"
            found = changed.pop(self.parameter(channel), history[-1])
            message = f"{told}, {words} names the wrong image. It had: {', '.join(history)}."
            expect(found, (moved or {}).get(channel, history[-1]), message)
        if changed.pop(OTHERS, MAIL) != MAIL:
            fail(f"{told}, a channel of another service names another image.")
        if changed:
            fail(f"{told}, there is a channel that was not there before.")

    def expect_states(self, account: AccountEvidence, told: str, changed: dict[str, str]) -> None:
        """Fail where an image does not have its new state, or another one was changed."""
        found = {each["name"]: each["state"] for each in account.all("images")}
        for image, kind in FLEET.items():
            state = found.get(self.name(image), kind.state)
            message = f"{told}, {image} has the wrong state."
            expect(state, changed.get(image, kind.state), message)
