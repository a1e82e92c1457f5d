"""A template your teammates can reuse: one for all services, also for those that come later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import check, expect, expect_package, expect_tags, fail, steady

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packerlab.grader import Answer, Build, Files, Hidden


class Service(NamedTuple):
    """A service as its values file describes it, without tags of its own."""

    name: str
    owner: str
    cost_center: str
    packages: list[str]


WEB = Service("web", "storefront", "0815", ["labweb"])
TOOL = Service("tool", "Zoë's team", "4711", ["labtool"])
OF_WEB = {"Tier": "public"}
"""The tag that web adds to the company's."""

ARCHIVE = {"labtool", "labweb", "labweb-plugin"}
"""The packages that a service can ask for."""

SERVICES_OWN = "set by the service"
"""What a service tries to put into a company tag."""


@check(points=4, docs="#interface")
def test_services(build: Build, hidden: Hidden, submission: Files) -> None:
    """Each service's file makes one AMI, named after it, with its packages and no others.

    - Run `diff web.pkr.hcl tool.pkr.hcl`. Which differences does a service need, and which are
      accidents?
    - What a service needs becomes a variable, and its file in `services` gives the value. As long
      as the template has two sources, each file builds both of them.
    - Keep one source and one build block. Begin `ami_name` with `${var.service}-`, and have
      `apt-get install -y` followed by `${join(" ", var.packages)}`.
    """
    for service in (WEB, TOOL):
        expect_made(known(build, hidden, service), service, service.name, submission)


@check(points=2, needs="test_services", docs="#where-tags-go")
def test_tags(build: Build, hidden: Hidden, submission: Files) -> None:
    """The AMI, its snapshots and the instance that builds it have all four company tags.

    - Who could tell whose instance it is that has been running since a build was killed?
    - `tags` is for the AMI and its snapshots. The instance gets its tags from another argument.
    - Collect the four tags in a local, with values from `var.owner`, `var.cost_center`,
      `var.service` and `var.git_sha`, all of them strings. Give it to `tags` and to `run_tags`.
    """
    for service in (WEB, TOOL):
        expected = company_tags(service, hidden)
        for whose, tags in on_all(known(build, hidden, service), service.name):
            expect_digits(tags, service, whose)
            expect_tags(tags, expected, whose, submission)


@check(points=3, needs="test_services", docs="#unknown-service")
def test_third(build: Build, hidden: Hidden, submission: Files) -> None:
    """A third service needs a file in `services` and nothing else.

    - Make up a service with two packages and no tags of its own, write its file, and build it.
    - Search the template and your scripts for `web` and `tool`. Each place that you find is one
      that the next team would have to edit.
    - Only files in `services` may know a service. `tags` needs a default, and each package has to
      reach `apt-get install` as a word of its own: no quotes around the whole list.
    """
    service = new_service(hidden, "third", ["labweb", "labweb-plugin"])
    answer = build_new(build, hidden, service)
    expect_made(answer, service, "a third service", submission)
    wanted = company_tags(service, hidden)
    expected = {key: wanted[key] for key in settled(build, hidden)}
    expect_tags(answer.account.image().tags, expected, "The third service's AMI", submission)


@check(points=1, needs="test_services", docs="#own-tags")
def test_own_tags(build: Build, hidden: Hidden, submission: Files) -> None:
    """A service can add tags of its own, and can't replace any of the company's.

    - What does the AMI of a service say that has `Owner = "me"` among its own tags?
    - `merge` makes one map of several. Where two of them have the same key, the last one wins.
    - Give `merge(var.tags, ...)` to `tags`, with the company's tags last, and let nothing else
      set them again, such as `tag` blocks or `snapshot_tags`.
    """
    for whose, tags in on_image(known(build, hidden, WEB), "web"):
        expect_tags(tags, OF_WEB, whose, submission)
    service = new_service(hidden, "fourth", ["labtool"])
    company = dict.fromkeys(company_tags(service, hidden), SERVICES_OWN)
    own = {hidden.word("key"): hidden.person("value")}
    answer = build_new(build, hidden, service, {**company, **own})
    answer.expect_success()
    for whose, tags in on_image(answer, "a service with a new tag"):
        expect_tags(tags, own, whose, submission)
    for whose, tags in on_all(answer, "a service that sets company tags"):
        for key in settled(build, hidden):
            if tags.get(key) == SERVICES_OWN:
                message = f"{whose} has the service's own {key} in place of the company's."
                fail(message, expected="the company's", found=SERVICES_OWN)


# --- what the checks stand on ---------------------------------------------------------------------


def known(build: Build, hidden: Hidden, service: Service) -> Answer:
    """A build with one of the learner's own values files."""
    file = f"services/{service.name}.pkrvars.hcl"
    answer = build({"git_sha": commit(hidden)}, [f"-var-file={file}"])
    answer.expect_success()
    return answer


def build_new(
    build: Build, hidden: Hidden, service: Service, tags: Mapping[str, str] | None = None
) -> Answer:
    """A build of a service that the learner's files can't know, from its values file alone."""
    file = f"services/{service.name}.pkrvars.hcl"
    values = {
        "service": service.name,
        "owner": service.owner,
        "cost_center": service.cost_center,
        "packages": service.packages,
        **({} if tags is None else {"tags": tags}),
    }
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items()]
    given = {file: "".join(lines).encode()}
    return build({"git_sha": commit(hidden)}, [f"-var-file={file}"], files=given)


def new_service(hidden: Hidden, what: str, packages: list[str]) -> Service:
    """A service with a name, an owner and a cost center that nobody can know."""
    cost_center = f"0{hidden.number(f'{what} cost center', 100, 999)}"
    return Service(f"s{hidden(what)}", hidden.person(f"{what} owner"), cost_center, packages)


def commit(hidden: Hidden) -> str:
    return hidden("commit")


def company_tags(service: Service, hidden: Hidden) -> dict[str, str]:
    """The tags that all that is made for a service has."""
    return {
        "Owner": service.owner,
        "CostCenter": service.cost_center,
        "Service": service.name,
        "GitSha": commit(hidden),
    }


def settled(build: Build, hidden: Hidden) -> list[str]:
    """The company's tags that both known AMIs have right; `test_tags` says what is wrong there."""
    pairs = [
        (known(build, hidden, service).account.image().tags, company_tags(service, hidden))
        for service in (WEB, TOOL)
    ]
    return [key for key in pairs[0][1] if all(have.get(key) == want[key] for have, want in pairs)]


def expect_digits(tags: Mapping[str, str], service: Service, whose: str) -> None:
    """Fail where a cost center has become a number on its way."""
    number = service.cost_center.lstrip("0")
    if tags.get("CostCenter") == number != service.cost_center:
        message = f"{whose} has a cost center that was read as a number."
        fail(message, expected=service.cost_center, found=number)


def expect_made(answer: Answer, service: Service, told: str, submission: Files) -> None:
    """Fail where a build has not made the service's AMI, with exactly the packages it asks for."""
    answer.expect_success()
    image = answer.account.image()
    if not image.name.startswith(f"{service.name}-"):
        message = f"The AMI of {told} is not named after the service."
        shown = steady(image.name, submission, service.name)
        fail(message, expected=f"{service.name}-...", found=shown)
    expect_package(image.disk, service.packages[0], f"in the AMI of {told}")
    installed = sorted(ARCHIVE & image.disk.packages().keys())
    message = f"The AMI of {told} does not have exactly the packages that its file names."
    expect(installed, service.packages, message)


def on_image(answer: Answer, told: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The tags of a service's AMI, and of each snapshot of it."""
    image = answer.account.image()
    yield f"The AMI of {told}", image.tags
    for snapshot in answer.account.all("snapshots"):
        if snapshot["id"] in image.snapshots:
            yield f"The snapshot of {told}", snapshot["tags"]


def on_all(answer: Answer, told: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The same, and the tags of each instance that was started for it."""
    yield from on_image(answer, told)
    for instance in answer.account.instances:
        yield f"The instance of {told}", instance["tags"]
