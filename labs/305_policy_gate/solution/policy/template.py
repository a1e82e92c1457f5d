"""template.py DIR: list the rules that the templates in a folder break."""

import json
import re
import sys
from pathlib import Path

import hcl2

OWNERS = {"self", *json.loads(Path(__file__).with_name("rules.json").read_text())["owners"]}

OPTIONS = hcl2.SerializationOptions(
    strip_string_quotes=True, explicit_blocks=False, with_comments=False
)
KEY = re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")
ONE_RELEASE = re.compile(r"=?\s*[0-9]+\.[0-9]+\.[0-9]+")

CIDRS = "temporary_security_group_source_cidrs"
EVERYBODY = {"0.0.0.0/0", "::/0"}
NOT_EVERYBODY = {
    CIDRS,
    "security_group_id",
    "security_group_ids",
    "security_group_filter",
    "temporary_security_group_source_public_ip",
}

OVERWRITES = ("force_deregister", "force_delete_snapshot")


# --- the template, whose form is the same in both syntaxes ---


def parsed(path):
    text = path.read_text()
    if path.suffix == ".json":
        return json.loads(text)
    return hcl2.loads(text, serialization_options=OPTIONS)


def listed(value):
    """Several blocks are a list. In JSON, one may stand there by itself."""
    return value if isinstance(value, list) else [] if value is None else [value]


def blocks(value, labels):
    """Each block of a type that has so many labels, and its labels."""
    for block in listed(value):
        if labels == 0:
            yield [], block
            continue
        for label, inner in block.items():
            for rest, body in blocks(inner, labels - 1):
                yield [label, *rest], body


def filters(source):
    """The source_ami_filter of a source, also where a dynamic block writes it."""
    yield from listed(source.get("source_ami_filter"))
    for labels, dynamic in blocks(source.get("dynamic"), 1):
        if labels == ["source_ami_filter"]:
            yield from listed(dynamic["content"])


def texts(block, name):
    """What a list says here. What comes from elsewhere can't be told."""
    value = block.get(name)
    return {text for text in value if "${" not in text} if isinstance(value, list) else set()


# --- the rules ---


def broken_in(template):
    """The rules that a template breaks, and the block of each."""
    for labels, source in blocks(template.get("source"), 2):
        address = ".".join(["source", *labels])
        if labels[0].startswith("amazon-"):
            yield from ((rule, address) for rule in broken_by(source))
            if not NOT_EVERYBODY & source.keys():
                yield "open-ssh", address
    for labels, image in blocks(template.get("data"), 2):
        if labels[0] == "amazon-ami" and is_foreign(image):
            yield "foreign-base", ".".join(["data", *labels])
    for build in listed(template.get("build")):
        for [address], source in blocks(build.get("source"), 1):
            yield from ((rule, address) for rule in broken_by(source))
    yield from unpinned(template)


def unpinned(template):
    for packer in listed(template.get("packer")):
        for plugins in listed(packer.get("required_plugins")):
            for plugin in plugins.values():
                if not ONE_RELEASE.fullmatch(plugin["version"].strip()):
                    yield "unpinned", "packer"


def broken_by(source):
    if "all" in texts(source, "ami_groups") | texts(source, "snapshot_groups"):
        yield "public"
    if any(map(is_foreign, filters(source))):
        yield "foreign-base"
    if EVERYBODY & texts(source, CIDRS):
        yield "open-ssh"
    if any(source.get(name) in (True, "true") for name in OVERWRITES):
        yield "overwrites"


def is_foreign(lookup):
    return "owners" not in lookup or not texts(lookup, "owners") <= OWNERS


# --- the folder ---


folder = Path(sys.argv[1])
templates = sorted([*folder.glob("*.pkr.hcl"), *folder.glob("*.pkr.json")])
variables = sorted([*folder.glob("*.pkrvars.hcl"), *folder.glob("*.pkrvars.json")])
if not templates:
    sys.exit(f"{folder}: there is no template in it.")

findings = []
for path in templates:
    findings += [
        {"rule": rule, "file": path.name, "block": block} for rule, block in broken_in(parsed(path))
    ]
for path in [*templates, *variables]:
    if KEY.search(path.read_text()):  # also in a comment
        findings.append({"rule": "key", "file": path.name})

Path("out").mkdir(exist_ok=True)
Path("out/findings.json").write_text(json.dumps(findings, indent=2) + "\n")
for each in findings:
    print(f"{folder / each['file']}: {each['rule']} {each.get('block', '')}")
sys.exit(1 if findings else 0)
