"""Stop it before it builds, and before it ships: rules for templates, and rules for images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import CANONICAL, UBUNTU, Incapable, check, fail, json_of, prepared_id, steady

if TYPE_CHECKING:
    from packerlab.grader import Answer, Files, Hidden, Run

TEMPLATE, IMAGE = "policy/template.sh", "policy/image.sh"
RESULT = "out/findings.json"

PUBLIC, FOREIGN, SSH = "public", "foreign-base", "open-ssh"
OVERWRITES, UNPINNED, KEY = "overwrites", "unpinned", "key"
UNENCRYPTED, UNTAGGED = "unencrypted", "untagged"

OUTSIDER = "444455556666"
"""The account whose AMI some of the images are made from."""


@check(points=2, docs="#read")
def test_finds(run: Run, hidden: Hidden, submission: Files) -> None:
    """`sh policy/template.sh DIR` finds each of the six rules, and where it is broken.

    - Try it on `examples/bad`. Which entry of its `findings.json` is missing in yours?
    - `hcl2.loads(text)` returns a dictionary: `source`, then the type, then the name, then the
      arguments. Texts keep their quotes in it, unless you give it
      `serialization_options=hcl2.SerializationOptions(strip_string_quotes=True)`.
    - Go through all sources, and compare each list and value with what the rule says. The owners
      are in `policy/rules.json`. Write all findings, and end with `sys.exit(1)` if there are any.
    """
    judge_templates(PLAIN, run, hidden, submission)


@check(points=2, needs="test_finds", docs="#shapes")
def test_shapes(run: Run, hidden: Hidden, submission: Files) -> None:
    """It finds them in templates of every form that Packer reads.

    - In which files, and in which blocks, may a source get an argument?
    - Several blocks of a type are a list, in JSON one may be an object instead. `data "amazon-ami"`
      has owners as well. A `source` in a `build` adds arguments to the source that it names.
    - A `dynamic` block has the type in its label, and the arguments in its block `content`. An
      argument that is missing counts for `owners` and for the security group. Search each file's
      whole text for keys, comments included.
    """
    judge_templates(SHAPES, run, hidden, submission)


@check(points=2, needs="test_finds", docs="#silent")
def test_silent(run: Run, hidden: Hidden, submission: Files) -> None:
    """It reports nothing in templates that break no rule.

    - `grep` finds the same words in a comment, in user data and in an argument. On which of them
      does Packer act?
    - A value that comes from a variable, a local or a function is no finding: only a literal value
      counts. Packer reads only the files that are directly in DIR.
    - In what `hcl2.loads` returns, an expression is a text that begins with `${`. Compare list
      items with whole texts, such as `all`, and `true` with `True`.
    """
    judge_templates(SILENT, run, hidden, submission)


@check(points=1, needs="test_finds", docs="#closed")
def test_unread(run: Run, hidden: Hidden) -> None:
    """If it can't read a template, or there is none, it doesn't end with exit code 0.

    - What does your program say about a folder that does not exist?
    - A gate that could not look must not open. Let the error of the parser end the program.
    - Don't catch the parser's exception. If the list of templates is empty, end with an error.
    """
    answer = judged_folders(UNREADABLE, run, hidden)
    for case in UNREADABLE:
        expect_refused(answer, case.folder(hidden), TEMPLATE, case.told)


@check(points=1, docs="#image")
def test_passes(run: Run, hidden: Hidden, submission: Files) -> None:
    """`sh policy/image.sh AMI` passes an AMI that breaks no rule.

    - Build `examples/good` in `packerlab shell`, and give your program the id of the AMI.
    - `describe-images` tells all that you need. Not every entry of BlockDeviceMappings has an
      `Ebs`, and the AMI that an image was copied from may be your own.
    - Take only entries with an `Ebs`, for example by `.BlockDeviceMappings[].Ebs | values` in jq.
      As long as the owner of the SourceImageId's image is your own account, go on with that image.
    """
    judge_images(run, hidden, submission, broken=False)


@check(points=2, needs="test_passes", docs="#image")
def test_refuses(run: Run, hidden: Hidden, submission: Files) -> None:
    """It refuses an AMI that breaks a rule, and says which, whatever the template said.

    - Which of the four rules can a tag or a template lie about?
    - EC2 itself says whether an image is Public, which of its disks are Encrypted, and its
      SourceImageId. If that image can't be found, nobody knows what the AMI is made from.
    - Look up the source with `--filters Name=image-id,Values=...`, which finds nothing if it is
      gone, and compare OwnerId with the owners in `policy/rules.json`. Each tag in there needs a
      value that is not empty. An AMI that does not exist has to end the program with an error.
    """
    judge_images(run, hidden, submission, broken=True)
    nobody = f"ami-0{hidden('nobody')}"
    answer = judged(run, hidden, IMAGE, [nobody], {})
    expect_refused(answer, nobody, IMAGE, "an AMI that does not exist")


# --- templates ------------------------------------------------------------------------------------


Finding = tuple[str, str, str]
"""A rule, and the file and the block that break it."""


class Case(NamedTuple):
    """A folder with templates: what it is in words, its files, and what breaks a rule in it.

    `faults` says of each in words where it is. Names in capitals stand for what nobody can know.
    """

    told: str
    files: dict[str, str]
    faults: tuple[tuple[str, Finding], ...] = ()

    def folder(self, hidden: Hidden) -> str:
        return f"case-{hidden(self.told)}"


def template(
    more: str = "",
    *,
    cidrs: str = 'temporary_security_group_source_cidrs = ["10.20.0.0/16"]',
    base: str = 'owners = ["self", "OWNER"]',
    version: str = "= 1.8.2",
    build: str = 'sources = ["source.amazon-ebs.NAME"]',
    rest: str = "",
) -> str:
    """A template that breaks no rule, unless one of its parts does."""
    return f"""packer {{
  required_version = ">= 1.6.6"

  required_plugins {{
    amazon = {{
      source  = "github.com/hashicorp/amazon"
      version = "{version}"
    }}
  }}
}}

source "amazon-ebs" "NAME" {{
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-1"
  {cidrs}
  {more}
  source_ami_filter {{
    filters = {{
      name = "web-base-*"
    }}
    {base}
    most_recent = true
  }}
}}

build {{
  {build}
}}
{rest}"""


def in_json(*, groups: list[str], replaces: bool, cidrs: str, owner: str, version: str) -> str:
    """A template in JSON."""
    source = {
        "region": "eu-central-1",
        "instance_type": "t3.micro",
        "ssh_username": "ubuntu",
        "ami_name": "web-1",
        "ami_groups": groups,
        "force_deregister": replaces,
        "temporary_security_group_source_cidrs": [cidrs],
        "source_ami_filter": {
            "filters": {"name": "web-base-*"},
            "owners": [owner],
            "most_recent": True,
        },
    }
    plugin = {"source": "github.com/hashicorp/amazon", "version": version}
    return json.dumps(
        {
            "packer": {"required_plugins": {"amazon": plugin}},
            "source": {"amazon-ebs": {"NAME": source}},
            "build": {"sources": ["source.amazon-ebs.NAME"]},
        },
        indent=2,
    )


WEB, SOURCE = "web.pkr.hcl", "source.amazon-ebs.NAME"
CIDRS = "temporary_security_group_source_cidrs"
OWN_ADDRESS = "temporary_security_group_source_public_ip"


EVERY_RULE = template(
    'ami_groups = ["all"]\n  force_deregister = true',
    cidrs=f'{CIDRS} = ["0.0.0.0/0"]',
    base='owners = ["STRANGER"]',
    version="~> 1.8.2",
    rest='\nvariable "key" {\n  default = "KEY"\n}\n',
)

PLAIN = (
    Case(
        "a template that breaks every rule",
        {WEB: EVERY_RULE},
        (
            ("an AMI for everybody", (PUBLIC, WEB, SOURCE)),
            ("the owner of another account", (FOREIGN, WEB, SOURCE)),
            ("SSH that is open to every address", (SSH, WEB, SOURCE)),
            ("force_deregister", (OVERWRITES, WEB, SOURCE)),
            ("a plugin in version `~> 1.8.2`", (UNPINNED, WEB, "packer")),
            ("an access key", (KEY, WEB, "")),
        ),
    ),
    Case(
        "a template that breaks one rule",
        {WEB: template("force_deregister = true")},
        (("force_deregister alone", (OVERWRITES, WEB, SOURCE)),),
    ),
)

SECOND = """
source "amazon-ebs" "NAME_b" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  source_ami    = "ami-0c0ffee0c0ffee001"
  ami_name      = "web-2"
  ami_groups    = [
    # for the partners
    "all",
  ]
  temporary_security_group_source_cidrs = [
    "10.20.0.0/16",
    "::/0",
  ]
}
"""

DYNAMIC = """
source "amazon-ebs" "NAME_c" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  source_ami    = var.pinned
  ami_name        = "web-3"
  snapshot_groups = ["all"]
  temporary_security_group_source_cidrs = ["10.20.0.0/16"]

  dynamic "source_ami_filter" {
    for_each = var.pinned == "" ? [1] : []
    content {
      filters     = { name = "web-base-*" }
      owners      = ["self", "STRANGER"]
      most_recent = true
    }
  }
}

variable "pinned" {
  default = ""
}
"""

DATA = """
data "amazon-ami" "NAME" {
  filters     = { name = "db-*" }
  owners      = [local.team, "OWNER", "STRANGER"]
  most_recent = true
}

locals {
  team = "self"
}
"""

VOLUME = """
source "amazon-ebsvolume" "NAME_d" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  source_ami    = "ami-0c0ffee0c0ffee001"

  ebs_volumes {
    device_name = "/dev/sdf"
    volume_size = 1
  }
}
"""

PLUGINS = """packer {
  required_plugins {
    docker = {
      version : ">= 1.0.1, < 2.0.0", source : "github.com/hashicorp/docker"
    }
  }
}
"""

IN_JSON = in_json(
    groups=["all"], replaces=True, cidrs="0.0.0.0/0", owner="STRANGER", version=">= 1.2"
)

IN_A_BUILD = """source "source.amazon-ebs.NAME" {
    ami_groups = ["all"]
  }"""

REPLACES = "force_deregister = false\n  force_delete_snapshot = true"

SHAPES = (
    Case(
        "a folder with several files",
        {
            WEB: template(REPLACES),
            "NAME.pkr.hcl": SECOND,
            "plugins.pkr.hcl": PLUGINS,
            "NAME.auto.pkrvars.hcl": 'key = "LENT"\n',
        },
        (
            ("a second file with a list of several lines",
             (PUBLIC, "NAME.pkr.hcl", "source.amazon-ebs.NAME_b")),
            ("every address of IPv6", (SSH, "NAME.pkr.hcl", "source.amazon-ebs.NAME_b")),
            ("force_delete_snapshot", (OVERWRITES, WEB, SOURCE)),
            ("a second plugin, in version `>= 1.0.1, < 2.0.0`",
             (UNPINNED, "plugins.pkr.hcl", "packer")),
            ("an access key in a file of variables", (KEY, "NAME.auto.pkrvars.hcl", "")),
        ),
    ),
    Case(
        "a template in JSON",
        {"web.pkr.json": IN_JSON},
        (
            *(("a source in JSON", (rule, "web.pkr.json", SOURCE))
              for rule in (PUBLIC, FOREIGN, SSH, OVERWRITES)),
            ("a plugin in JSON", (UNPINNED, "web.pkr.json", "packer")),
        ),
    ),
    Case(
        "a template with a data source and further sources",
        {WEB: template(rest=DATA + DYNAMIC + VOLUME)},
        (
            ("a data source", (FOREIGN, WEB, "data.amazon-ami.NAME")),
            ("a filter in a `dynamic` block", (FOREIGN, WEB, "source.amazon-ebs.NAME_c")),
            ("snapshot_groups", (PUBLIC, WEB, "source.amazon-ebs.NAME_c")),
            ("a source `amazon-ebsvolume`", (SSH, WEB, "source.amazon-ebsvolume.NAME_d")),
        ),
    ),
    Case(
        "a template that leaves arguments out",
        {WEB: template("# was KEY", cidrs="", base="", build=IN_A_BUILD)},
        (
            ("a filter without owners", (FOREIGN, WEB, SOURCE)),
            ("a source that says nothing about its security group", (SSH, WEB, SOURCE)),
            ("the `source` block of a build", (PUBLIC, WEB, SOURCE)),
            ("an access key in a comment", (KEY, WEB, "")),
        ),
    ),
)  # fmt: skip

COMMENTS = """# force_deregister = true
  // ami_groups = ["all"]
  /* owners = ["STRANGER"]
  temporary_security_group_source_cidrs = ["0.0.0.0/0"]
  version = ">= 1.2"
  */"""

USER_DATA = """user_data = <<-EOT
    #!/bin/sh
    cat >/etc/motd <<END
    force_deregister = true
    ami_groups = ["all"]
    temporary_security_group_source_cidrs = ["0.0.0.0/0"]
    END
  EOT
  tags = {
    Note       = "no force_deregister = true, please"
    ami_groups = "all"
  }"""

FROM_ELSEWHERE = """ami_groups       = var.groups
  snapshot_groups  = concat(local.groups, [var.group])
  force_deregister = var.test
"""

ELSEWHERE = """
variable "groups" {
  type    = list(string)
  default = []
}

variable "group" {}

variable "office" {}

variable "vendor" {}

variable "test" {
  type    = bool
  default = false
}

locals {
  groups = []
}
"""

HARMLESS = """ami_groups         = []
  force_deregister   = false
  security_group_ids = ["sg-12ab34cd"]
  ami_description    = "xKEY KEY0123456789ABCDEF"
"""


def source_with(label: str, more: str) -> str:
    """A further source that breaks no rule."""
    return f"""
source "amazon-ebs" "{label}" {{
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  source_ami    = "ami-0c0ffee0c0ffee001"
  ami_name      = "web-5"
  ami_users     = ["STRANGER"]
  {more}
}}
"""


GROUPS = "".join([
    source_with("one", 'security_group_id = "sg-12ab34cd"'),
    source_with("own", f"{OWN_ADDRESS} = true"),
    source_with("some", 'security_group_filter {\n    filters = { "tag:Name" = "all" }\n  }'),
])  # fmt: skip

BAD = template('ami_groups = ["all"]\n  force_deregister = true', cidrs="", base="", version="> 1")

SILENT = (
    Case(
        "a good template in JSON beside one in HCL",
        {
            "web.pkr.json": in_json(
                groups=[], replaces=False, cidrs="10.20.0.0/16", owner="OWNER", version="1.8.2"
            ),
            "lint.pkr.hcl": 'source "null" "lint" {\n  communicator = "none"\n}\n',
        },
    ),
    Case("a good template with comments of all kinds", {WEB: template(COMMENTS)}),
    Case("a good template with such words in user data and tags", {WEB: template(USER_DATA)}),
    Case(
        "a good template with values from variables, locals and functions",
        {
            WEB: template(
                FROM_ELSEWHERE,
                cidrs=f'{CIDRS} = ["${{var.office}}/32"]',
                base="owners = [var.vendor]",
                rest=ELSEWHERE,
            )
        },
    ),
    Case(
        "a good template with empty lists, `false`, long words and security groups of its own",
        {WEB: template(HARMLESS, cidrs="", version="1.8.2", rest=GROUPS)},
    ),
    Case(
        "a good template beside files that Packer does not read",
        {
            WEB: template(),
            "web.pkr.hcl.bak": BAD,
            "main.tf": BAD,
            "old/web.pkr.hcl": BAD,
            "notes.json": '{"source": {"amazon-ebs": {"web": {"ami_groups": ["all"]}}}}',
        },
    ),
)

UNREADABLE = (
    Case(
        "a folder whose second template is not complete",
        {WEB: template(), "more.pkr.hcl": 'source "amazon-ebs" "more" {\n  region = "eu\n'},
    ),
    Case(
        "a folder whose second template is no JSON",
        {WEB: template(), "more.pkr.json": '{"source": {"amazon-ebs": '},
    ),
    Case("a folder without templates", {"README.md": "Nothing here.\n"}),
)


def judge_templates(cases: tuple[Case, ...], run: Run, hidden: Hidden, files: Files) -> None:
    """Fail at the first folder of which something else is said than what is true."""
    answer = judged_folders(cases, run, hidden)
    for case in cases:
        wanted = {
            (rule, filled(file, hidden), filled(block, hidden)): told
            for told, (rule, file, block) in case.faults
        }
        expect_findings(answer, case.folder(hidden), TEMPLATE, case.told, wanted, files)


def judged_folders(cases: tuple[Case, ...], run: Run, hidden: Hidden) -> Answer:
    files = {
        f"{case.folder(hidden)}/{filled(name, hidden)}.given": filled(text, hidden).encode()
        for case in cases
        for name, text in case.files.items()
    }
    return judged(run, hidden, TEMPLATE, sorted(case.folder(hidden) for case in cases), files)


def filled(text: str, hidden: Hidden) -> str:
    """A text with its hidden values."""
    values = {
        "NAME": f"web_{hidden('name')}",
        "OWNER": account_number(hidden, "owner"),
        "STRANGER": account_number(hidden, "stranger"),
        "KEY": f"AKIA{hidden('key').upper()}",
        "LENT": f"ASIA{hidden('lent').upper()}",
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def account_number(hidden: Hidden, name: str) -> str:
    return f"{int(hidden(name), 16):020}"[-12:]


# --- images ---------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """An AMI: what it is in words, and the rules that it breaks."""

    told: str
    broken: frozenset[str] = frozenset()


GOOD = Kind("a good AMI, one of whose disks is the machine's own")
COPY = Kind("a copy of a good AMI")
EVERYBODYS = Kind(
    "an AMI that a local makes public, without tags",
    frozenset({PUBLIC, UNENCRYPTED, UNTAGGED}),
)
STRANGERS = Kind(
    "a copy of an AMI that was made from a stranger's, with a second disk that is not encrypted, "
    "an empty tag, and a tag BaseAMI that lies",
    frozenset({FOREIGN, UNENCRYPTED, UNTAGGED}),
)
GONE = Kind("an AMI whose source is not there any more", frozenset({FOREIGN}))

KINDS = (GOOD, COPY, EVERYBODYS, STRANGERS, GONE)

COPIED = Kind("an AMI that was made from a stranger's")

ENCRYPTED = """
  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    encrypted             = true
    delete_on_termination = true
  }
"""

OF_THE_MACHINE = """
  ami_block_device_mappings {
    device_name  = "/dev/sdb"
    virtual_name = "ephemeral0"
  }
"""

PLAIN_DISK = """
  launch_block_device_mappings {
    device_name           = "/dev/sdf"
    volume_type           = "gp2"
    volume_size           = 1
    delete_on_termination = true
  }
"""

UBUNTUS = (f"{UBUNTU}20240612", "2024-06-12T05:48:07Z")
"""Canonical's image: its name, and when it was made."""

BUILT = {
    GOOD: ENCRYPTED + OF_THE_MACHINE,
    EVERYBODYS: "  ami_groups = local.groups\n",
    COPIED: ENCRYPTED + PLAIN_DISK,
    GONE: "  encrypt_boot = true\n",  # Packer makes it by a copy, and removes what it has copied
}
"""The AMIs that Packer builds, by what is different in their sources."""

COPIES = ((GOOD, COPY), (COPIED, STRANGERS))

COPYING = """
import json, sys
import boto3

ec2 = boto3.client("ec2")
ids = {image["Name"]: image["ImageId"] for image in ec2.describe_images(Owners=["self"])["Images"]}
for source, name, tags in json.loads(sys.argv[1]):
    tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
    ec2.copy_image(
        Name=name,
        SourceImageId=ids[source],
        SourceRegion=ec2.meta.region_name,
        TagSpecifications=[{"ResourceType": "image", "Tags": tagged}],
    )
"""

LOCALS = 'locals {\n  groups = ["all"]\n}\n'

MAKING = 'packer build -color=false "$1" && exec /usr/bin/python3 -I "$2" "$3"\n'


def judge_images(run: Run, hidden: Hidden, files: Files, *, broken: bool) -> None:
    """Fail at the first AMI, good or broken, of which something else is said than what is true."""
    made = images(run, hidden)
    ids = {image.name: image.id for image in made.account.images}
    amis = {kind: ids[ami_name(kind, hidden)] for kind in KINDS}
    shuffled = [amis[kind] for kind in sorted(KINDS, key=lambda kind: ami_name(kind, hidden))]
    answer = judged(run, hidden, IMAGE, shuffled, {}, after=made)
    for kind, ami in amis.items():
        if bool(kind.broken) is broken:
            wanted = {(rule, "", ""): kind.told for rule in sorted(kind.broken)}
            expect_findings(answer, ami, IMAGE, kind.told, wanted, files)


def images(run: Run, hidden: Hidden) -> Answer:
    """An account in which all of them were made."""
    folder, copying = f"build-{hidden('build')}", f"copying-{hidden('copying')}.py"
    sources = "".join(source(kind, hidden) for kind in BUILT)
    names = [f"source.amazon-ebs.{ami_name(kind, hidden)}" for kind in BUILT]
    text = f"{LOCALS}{sources}\nbuild {{\n  sources = {json.dumps(names)}\n}}\n"
    copies = [(ami_name(of, hidden), ami_name(kind, hidden), tags(kind, hidden))
              for of, kind in COPIES]  # fmt: skip
    answer = run(
        ["/bin/sh", "-c", MAKING, "sh", folder, copying, json.dumps(copies)],
        files={f"{folder}/web.pkr.hcl": text.encode(), copying: COPYING.encode()},
        account={
            "image": [
                {"name": UBUNTUS[0], "created": UBUNTUS[1]},
                {
                    "name": f"{UBUNTU}20991231",
                    "created": "2024-07-01T00:00:00Z",
                    "owner": OUTSIDER,
                },
            ]
        },
    )
    if answer.exit != 0:
        message, _ = answer.error
        raise Incapable(f"Packer can't build the AMIs for this check. {message}")
    return answer


def source(kind: Kind, hidden: Hidden) -> str:
    """The source of an AMI that Packer builds."""
    return f"""
source "amazon-ebs" "{ami_name(kind, hidden)}" {{
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "{ami_name(kind, hidden)}"
  tags          = {json.dumps(tags(kind, hidden))}
{BUILT[kind]}
  source_ami_filter {{
    filters = {{
      name = "{UBUNTU}*"
    }}
    owners      = ["{OUTSIDER if kind is COPIED else CANONICAL}"]
    most_recent = true
  }}
}}
"""


def ami_name(kind: Kind, hidden: Hidden) -> str:
    return f"web-{hidden(kind.told)}"


def tags(kind: Kind, hidden: Hidden) -> dict[str, str]:
    """The tags that the rules ask for, and one that claims a good source."""
    if kind is EVERYBODYS:
        return {}
    first, *others = tag_names(hidden)
    return {
        first: "" if kind is STRANGERS else "web team",
        **dict.fromkeys(others, "web team"),
        "BaseAMI": prepared_id(*UBUNTUS, CANONICAL),
    }


def tag_names(hidden: Hidden) -> list[str]:
    return [f"Cost{hidden('tag')}", "Owner"]


# --- what the checks stand on ---------------------------------------------------------------------


JUDGING = """
program=$1
shift
kept=$(mktemp -d)
find . -name '*.given' | while read -r given; do mv "$given" "${given%.given}"; done
for each in "$@"; do
  rm -rf out/findings.json
  sh "$program" "$each" </dev/null
  echo $? >"$kept/$each.exit"
  [ ! -f out/findings.json ] || cp out/findings.json "$kept/$each.json"
done
rm -rf out
mkdir out
cp "$kept"/* out
"""
"""Runs a program on one thing after the other, and keeps what it says of each.

Before Packer 1.7, packerlab blanks `required_plugins` in templates, so they come by another name.
"""


def judged(
    run: Run, hidden: Hidden, program: str, things: list[str], files: dict[str, bytes], **more: Any
) -> Answer:
    """What a learner's program says of some folders or AMIs, by rules that it can't know."""
    rules = {"owners": [account_number(hidden, "owner"), CANONICAL], "tags": tag_names(hidden)}
    judging = f"judging-{hidden('judging')}.sh"
    given = {judging: JUDGING.encode(), "policy/rules.json": json.dumps(rules).encode()}
    return run(["/bin/sh", judging, program, *things], files=given | files, **more)


def succeeded(answer: Answer, thing: str, program: str) -> bool:
    """Whether a program ended with exit code 0 for a folder or an AMI."""
    name = f"out/{thing}.exit"
    if name not in answer.files:
        fail(f"{program} ends the shell that runs it.", expected="an exit code", found="none")
    return answer.files.bytes(name).strip() == b"0"


def expect_refused(answer: Answer, thing: str, program: str, told: str) -> None:
    if succeeded(answer, thing, program):
        fail(
            f"{program} ends with exit code 0 for {told}.",
            expected="another exit code than 0",
            found="0",
        )


def expect_findings(
    answer: Answer,
    thing: str,
    program: str,
    told: str,
    wanted: dict[Finding, str],
    submission: Files,
) -> None:
    """Fail where a program's findings, or its exit code, are not those that are wanted.

    `wanted` says of each finding in words what it is about.
    """
    name = f"out/{thing}.json"
    if name not in answer.files:
        fail(
            f"{program} leaves no {RESULT} for {told}.",
            expected=RESULT,
            found=last_words(answer, submission),
        )
    found = findings(json_of(RESULT, answer.files.bytes(name)), program)
    for finding, words in wanted.items():
        if finding not in found:
            fail(
                f"{program} does not report `{finding[0]}` for {words}.",
                expected=shown(finding, submission),
                found=[shown(each, submission) for each in sorted(found)] or "no finding",
            )
    for finding in sorted(found - wanted.keys()):
        fail(
            f"{program} reports `{finding[0]}` without reason for {told}.",
            expected="nothing of this rule there",
            found=shown(finding, submission),
        )
    if succeeded(answer, thing, program) is bool(wanted):
        fail(
            f"{program} ends with the wrong exit code for {told}.",
            expected="another one than 0" if wanted else "0",
            found="0" if wanted else "another one than 0",
        )


def shown(finding: Finding, submission: Files) -> str:
    return steady(" ".join(filter(None, finding)), submission)


def findings(entries: Any, program: str) -> set[Finding]:
    """A learner's list: rule, file and block of each. An AMI has neither file nor block."""
    if not isinstance(entries, list):
        fail(f"{RESULT} is not a list.", expected="[...]", found=type(entries).__name__)
    found = set()
    for entry in entries:
        rule = entry.get("rule") if isinstance(entry, dict) else None
        if not isinstance(rule, str):
            fail(f"{RESULT} has an entry without a text `rule`.", expected='{ "rule": "..." }')
        file, block = (str(entry.get(key, "")) for key in ("file", "block"))
        if program == IMAGE:
            found.add((rule, "", ""))
        else:
            found.add((rule, file, "" if rule == KEY else block))
    return found


def last_words(answer: Answer, submission: Files) -> str:
    lines = [line.strip() for line in answer.text.splitlines() if line.strip()]
    return steady(lines[-1][:200], submission) if lines else "no output"
