"""What somebody has to look at, one line for each alert, in out/alerts.txt."""

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3

SAMPLE = re.compile(r'packer_build_(success|seconds)\{build="([^"]*)"\} ([0-9]+)')
OLD = timedelta(days=7)


def measured():
    """What the night's metrics say of each build: success and seconds."""
    text = Path("out/packer.prom").read_text()
    return {(what, build): int(value) for what, build, value in SAMPLE.findall(text)}


def newest():
    """When the newest image of each service was made. It fails if AWS does not answer."""
    found = {}
    pages = boto3.client("ec2").get_paginator("describe_images")
    filters = [{"Name": "state", "Values": ["available"]}]
    for page in pages.paginate(Owners=["self"], Filters=filters):
        for image in page["Images"]:
            made = datetime.fromisoformat(image["CreationDate"].replace("Z", "+00:00"))
            for tag in image.get("Tags", []):
                if tag["Key"] == "Service":
                    found[tag["Value"]] = max(made, found.get(tag["Value"], made))
    return found


night, images = measured(), newest()
limit = datetime.now(timezone.utc) - OLD
alerts = []
for entry in json.loads(Path("services.json").read_text()):
    service, build = entry["service"], entry["build"]
    if night.get(("success", build)) != 1:
        alerts.append(f"failed {service}")
    if night.get(("seconds", build), 0) > entry["slow_s"]:
        alerts.append(f"slow {service}")
    if service not in images or images[service] < limit:
        alerts.append(f"old {service}")
Path("out/alerts.txt").write_text("".join(f"{alert}\n" for alert in alerts))
