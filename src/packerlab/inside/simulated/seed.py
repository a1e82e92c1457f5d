"""Keys, parameters and secrets that a lab prepared in a region, beside its images."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from . import tables  # noqa: F401  isort: skip  before all else of moto's EC2
from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from packerlab.inside.aws import ACCOUNT_ID, REGIONS
from packerlab.inside.references import filled

from .prepared import image_ids
from .public_parameters import PublicParameters

if TYPE_CHECKING:
    from .account import Account


def seed(account: Account, region: str) -> None:
    """Make what the state names for this region."""
    state = account.state
    for number in account.numbers:
        public = PublicParameters(number, region, ec2_backends[number][region].describe_images)
        ssm_backends[number][region]._parameters = public  # noqa: SLF001  it has no other door
    keys = kms_backends[ACCOUNT_ID][region]
    for key in state.get("key", []):
        if region in key.get("regions", REGIONS):
            made = keys.create_key("", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
            keys.create_alias(made.id, key["alias"])
    here: Any = ec2_backends[ACCOUNT_ID][region]
    images = image_ids(here)
    for name, values in state.get("parameter", {}).items():
        for value in [values] if isinstance(values, str) else values:
            with suppress(KeyError):  # an image that is not in this region
                _put_parameter(region, name, filled(value, images))
    for name, value in state.get("secret", {}).items():
        _create_secret(region, name, value)


def _put_parameter(region: str, name: str, value: str) -> None:
    ssm_backends[ACCOUNT_ID][region].put_parameter(
        name,
        description="",
        value=value,
        parameter_type="String",
        allowed_pattern="",
        keyid="",
        overwrite=True,
        tags=[],
        data_type="text",
        tier=None,
        policies=None,
    )


def _create_secret(region: str, name: str, value: str) -> None:
    secretsmanager_backends[ACCOUNT_ID][region].create_secret(
        name,
        secret_string=value,
        secret_binary=None,
        description=None,
        tags=None,
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=True,
    )
