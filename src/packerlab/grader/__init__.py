"""What a grader is written with, all of it: a grader imports this and nothing else of packerlab.

A check is a function with `@check`, whose parameters are fixtures and whose docstring is what the
learner reads. What a build left behind comes as evidence; `fail` or `expect` say what is wrong.
"""

from packerlab.checks import Incapable, check, expect, fail
from packerlab.evidence.account import AccountEvidence, Call, Image
from packerlab.evidence.containers import ContainerImage, Layer, SavedImage
from packerlab.evidence.disk import Disk, Entry
from packerlab.evidence.files import Evidence
from packerlab.formats import described, json_of, settings
from packerlab.grader.accounts import (
    UBUNTU,
    Tag,
    expect_looked_up,
    expect_nothing_left,
    expect_second,
    expect_source,
    expect_tags,
    itself,
    prepared_id,
    source_of,
)
from packerlab.grader.booting import Booted, boot
from packerlab.grader.checksums import checksum_lines
from packerlab.grader.containers import command_of
from packerlab.grader.inputs import Hidden, near
from packerlab.grader.machines import (
    CONFIGURATION,
    expect_at_boot,
    expect_package,
    expect_settings,
    has_package,
    matches,
    paths,
)
from packerlab.grader.policies import expect_components, expect_policy
from packerlab.grader.verbs import (
    Build,
    Console,
    Fmt,
    Run,
    Validate,
    elsewhere,
)
from packerlab.grader.words import expect_exit, steady
from packerlab.grader.workspace import (
    access_key_in,
    argument,
    comes_again,
    found_in,
    number_of_sources,
    place_of,
    reachable,
    sources_in_use,
    time_formats,
)
from packerlab.hcl.template import Block, Expression, Template, Unknown, referred_source
from packerlab.inside.aws import CANONICAL, HOME
from packerlab.packer.answers import Answer
from packerlab.packer.environment import HOST_KEY
from packerlab.policy import Policy
from packerlab.report import Where
from packerlab.submissions.reader import TEMPLATE_SUFFIXES, Files
from packerlab.text import visible

__all__ = [
    "CANONICAL", "CONFIGURATION", "HOME", "HOST_KEY", "TEMPLATE_SUFFIXES", "UBUNTU",
    "AccountEvidence", "Answer", "Block", "Booted", "Build", "Call", "Console", "ContainerImage",
    "Disk", "Entry", "Evidence", "Expression", "Files", "Fmt", "Hidden", "Image", "Incapable",
    "Layer", "Policy", "Run", "SavedImage", "Tag", "Template", "Unknown", "Validate", "Where",
    "access_key_in", "argument", "boot", "check", "checksum_lines", "comes_again", "command_of",
    "described", "elsewhere", "expect", "expect_at_boot", "expect_components", "expect_exit",
    "expect_looked_up", "expect_nothing_left", "expect_package", "expect_policy", "expect_second",
    "expect_settings", "expect_source", "expect_tags", "fail", "found_in", "has_package", "itself",
    "json_of", "matches", "near", "number_of_sources", "paths", "place_of", "prepared_id",
    "reachable", "referred_source", "settings", "source_of", "sources_in_use", "steady",
    "time_formats", "visible",
]  # fmt: skip
