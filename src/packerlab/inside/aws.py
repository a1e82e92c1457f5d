"""AWS's own names and numbers, for the account, the labs and the graders alike."""

from __future__ import annotations

from typing import Literal, get_args

Region = Literal[
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
    "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2",
    "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
]  # fmt: skip
"""The regions that every account has without opting in."""

REGIONS: tuple[Region, ...] = get_args(Region)

HOME: Region = "eu-central-1"
"""Where the builds of a lab's account are at home."""

ACCOUNT_ID = "111122223333"
"""The learner's account; the number is one that AWS uses in its documentation."""

CANONICAL = "099720109477"
"""The account that Ubuntu's images are published from."""

ALIASES = {
    "137112412989": "amazon",
    "801119661308": "amazon",
    "591542846629": "amazon",
    "679593333241": "aws-marketplace",
}
"""Accounts that `owners` also knows by another name than their number."""
