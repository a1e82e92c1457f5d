"""Which arguments a component may be given where the template is to run no program of its own.

`TABLE` was read from the schemas of Packer 1.6.6, of Packer 1.16.0 and of every released version of
the amazon and docker plugins up to 1.8.2 and 1.1.4. It has a row for each component with an
argument that names a program, a file with settings, a socket, a proxy or an endpoint, or that opens
a container to what is around it. What a row does not list is not built with.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import fail
from packerlab.errors import RejectedError
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.hcl.template import Component, Expression, Template
    from packerlab.report import Where


class Row(NamedTuple):
    """A component's arguments and blocks: those that do no harm, and why each other is refused.

    In a block that does no harm, neither does anything else.
    """

    harmless: frozenset[str]
    refused: dict[str, str]


KEYS = "takes the account's keys from elsewhere: leave it out, Packer has them"
ENDPOINT = "names another endpoint than the account's: leave it out"
DETOUR = "leads a connection past the machine: leave it out, Packer reaches the machine directly"
ENGINE = "is not yours to choose: the lab has one container engine"
DOOR = "opens the container to what is around it: leave it out"
BY_HAND = "makes an image by other means than a container that Packer provisions: leave it out"

PACKER = """
packer_build_name packer_builder_type packer_core_version packer_debug packer_force packer_on_error
packer_sensitive_variables packer_user_variables name only except keep_input_artifact
"""
"""What every component may have."""

COMMUNICATOR = """
communicator pause_before_connecting ssh_agent_auth ssh_bastion_agent_auth
ssh_bastion_certificate_file ssh_bastion_host ssh_bastion_interactive ssh_bastion_password
ssh_bastion_port ssh_bastion_private_key_file ssh_bastion_username ssh_certificate_file ssh_ciphers
ssh_clear_authorized_keys ssh_disable_agent_forwarding ssh_file_transfer_method
ssh_handshake_attempts ssh_host ssh_keep_alive_interval ssh_key_exchange_algorithms ssh_keypair_name
ssh_password ssh_port ssh_private_key ssh_private_key_file ssh_pty ssh_public_key
ssh_read_write_timeout ssh_timeout ssh_username ssh_wait_timeout temporary_key_pair_bits
temporary_key_pair_name temporary_key_pair_type winrm_host winrm_insecure winrm_no_proxy
winrm_password winrm_port winrm_timeout winrm_use_ntlm winrm_use_ssl winrm_username
"""
DETOURS = dict.fromkeys(
    ("ssh_local_tunnels", "ssh_proxy_host", "ssh_proxy_password", "ssh_proxy_port",
     "ssh_proxy_username", "ssh_remote_tunnels"),
    DETOUR,
)  # fmt: skip
"""By a tunnel an instance would reach what Packer reaches: the account's API."""

ACCESS = """
access_key assume_role aws_polling decode_authorization_messages insecure_skip_tls_verify
max_retries mfa_code region secret_key skip_credential_validation skip_metadata_api_check
skip_region_validation token
"""
OTHER_ACCESS = {
    "profile": KEYS,
    "shared_credentials_file": KEYS,
    "vault_aws_engine": KEYS,
    "custom_endpoint_ec2": ENDPOINT,
}
"""A profile in a file of settings may name a program that prints keys (`credential_process`)."""

INSTANCE = """
ami_block_device_mappings ami_description ami_groups ami_name ami_org_arns ami_ou_arns
ami_product_codes ami_regions ami_users ami_virtualization_type associate_public_ip_address
availability_zone block_duration_minutes capacity_reservation_group_arn capacity_reservation_id
capacity_reservation_preference deprecate_at deregistration_protection disable_stop_instance
ebs_optimized ena_support enable_nitro_enclave enable_t2_unlimited enable_unlimited_credits
encrypt_boot fast_launch fleet_tag fleet_tags force_delete_snapshot force_deregister
iam_instance_profile imds_support instance_type kms_key_id launch_block_device_mappings
license_specifications metadata_options no_ephemeral pause_before_ssm placement region_kms_key_ids
run_tag run_tags run_volume_tag run_volume_tags security_group_filter security_group_id
security_group_ids session_manager_port shutdown_behavior skip_ami_run_tags skip_create_ami
skip_profile_validation skip_save_build_region snapshot_copy_duration_minutes snapshot_groups
snapshot_tag snapshot_tags snapshot_users source_ami source_ami_filter spot_allocation_strategy
spot_instance_types spot_price spot_price_auto_product spot_tag spot_tags sriov_support
ssh_interface subnet_filter subnet_id tag tags temporary_iam_instance_profile_policy_document
temporary_security_group_source_cidrs temporary_security_group_source_public_ip tenancy user_data
user_data_file vpc_filter vpc_id windows_password_timeout
"""

LOGIN = "ecr_login login login_password login_server login_username"
OTHER_LOGIN = dict.fromkeys(
    ("aws_access_key", "aws_force_use_public_ecr", "aws_profile", "aws_secret_key", "aws_token"),
    "is for a registry, and the lab has none: leave it out",
)
OTHER_ENGINE = {"docker_path": ENGINE, "executable": ENGINE}
CONTAINER = """
author cap_drop changes commit container_dir discard exec_user export_path fix_upload_owner image
message platform pty pull run_command tmpfs windows_container
"""
OUT_OF_THE_CONTAINER = {
    **dict.fromkeys(("cap_add", "device", "privileged"), DOOR),
    "volumes": f"{DOOR}, and bring files in with a `file` provisioner",
    "runtime": ENGINE,
    "build": BY_HAND,
}


def _row(*harmless: str, **refused: str) -> Row:
    return Row(frozenset(" ".join((PACKER, *harmless)).split()), refused)


_INSTANCE = (COMMUNICATOR, ACCESS, INSTANCE)
TABLE = {
    "source.null": _row(COMMUNICATOR, **DETOURS),
    "source.amazon-ebs": _row(*_INSTANCE, **DETOURS, **OTHER_ACCESS),
    "source.amazon-ebssurrogate": _row(
        *_INSTANCE, "ami_architecture ami_root_device boot_mode snapshot_description tpm_support",
        "uefi_data use_create_image", **DETOURS, **OTHER_ACCESS,
    ),
    "source.amazon-ebsvolume": _row(*_INSTANCE, "ebs_volumes", **DETOURS, **OTHER_ACCESS),
    "data.amazon-ami": _row(
        ACCESS, "filters include_deprecated most_recent owners", **OTHER_ACCESS
    ),
    "data.amazon-parameterstore": _row(ACCESS, "with_decryption", **OTHER_ACCESS),
    "data.amazon-secretsmanager": _row(ACCESS, "key version_id version_stage", **OTHER_ACCESS),
    "source.docker": _row(
        COMMUNICATOR, CONTAINER, LOGIN,
        **DETOURS, **OTHER_ENGINE, **OTHER_LOGIN, **OUT_OF_THE_CONTAINER,
    ),
    "post-processor.docker-import": _row("changes platform repository tag", **OTHER_ENGINE),
    "post-processor.docker-push": _row(LOGIN, "platform", **OTHER_ENGINE, **OTHER_LOGIN),
    "post-processor.docker-save": _row("path", **OTHER_ENGINE),
    "post-processor.docker-tag": _row("force repository tag tags", **OTHER_ENGINE),
}  # fmt: skip

HARMLESS = frozenset({
    "source.file", "provisioner.ansible-local", "provisioner.breakpoint", "provisioner.file",
    "provisioner.shell", "error-cleanup-provisioner.file", "error-cleanup-provisioner.shell",
    "post-processor.artifice", "post-processor.checksum", "post-processor.compress",
    "post-processor.manifest", "post-processor.provenance",
})  # fmt: skip
"""Components whose every argument does no harm: what it names is run on the machine, or is a file
in the box that Packer reads or writes. They need no row. (`provenance` may name a signing service:
nothing in a sandbox reaches one.)"""

PROGRAMS = frozenset({"amazon-chroot", "ansible", "shell-local"})
"""Components that run programs in the box. Where a lab allows one, a template runs what it likes,
and no argument is refused. `ansible` is one because a play may be for `localhost`."""


def refuse_arguments(template: Template) -> None:
    """Reject a template with an argument that its row refuses; fail the check for an unknown one.

    What Packer does not know either, it would refuse itself; what it does know was not read yet.
    """
    given = [
        (component, row, name, where)
        for component in template.components()
        if (row := TABLE.get(component.name))
        for name, where in _arguments(component)
    ]
    for _, row, name, where in given:
        if name in row.refused:
            raise RejectedError(f"`{name}` {row.refused[name]} ({_shown(where)}).")
    _refuse_run_commands(template)
    for component, row, name, where in given:
        if name not in row.harmless:
            kind, _, own = component.name.partition(".")
            close = get_close_matches(name[:60], row.harmless, 1)
            fail(
                f"The {kind} `{own}` has no argument that is called `{visible(name)[:60]}`.",
                expected=close[0] if close else "",
                where=where,
            )


def _arguments(component: Component) -> Iterator[tuple[str, Where]]:
    """The names of what is given, and where: attributes, blocks, and those that `dynamic` makes."""
    for body in component.bodies:
        for name in body.attributes:
            yield name, body.place(name)
        for block in body.blocks:
            dynamic = block.type == "dynamic" and block.labels
            yield block.labels[0] if dynamic else block.type, block.where


def _shown(where: Where) -> str:
    return f"{visible(where.file)}:{where.line}"


# --- run_command ----------------------------------------------------------------------------------

_VALUED = ("--add-host", "--cap-drop", "--dns", "--entrypoint", "--env", "--hostname", "--label",
           "--name", "--network", "--platform", "--publish", "--tmpfs", "--user", "--workdir",
           "-e", "-h", "-l", "-p", "-u", "-w")  # fmt: skip
_FLAG = re.compile(r"-[dit]+|--(detach|init|interactive|read-only|rm|tty)(=(true|false))?")
_IMAGE = re.compile(r"\{\{\s*\.Image\s*\}\}")
_NAME = re.compile(r"[a-z0-9][\w./:@-]*")


def _refuse_run_commands(template: Template) -> None:
    """Reject what `docker run` is given beyond a container's own settings, or what can't be read.

    Podman takes options that name programs among those of `run`.
    """
    bodies = [body for component in template.components() if component.name == "source.docker"
              for body in component.bodies]  # fmt: skip
    images = [body.attributes["image"] for body in bodies if "image" in body.attributes]
    named = all(_NAME.fullmatch(_text(image) or "-") for image in images)
    for body in bodies:
        if "run_command" not in body.attributes:
            continue
        expression = body.attributes["run_command"]
        where = _shown(body.place("run_command"))
        words = [_text(item) for item in expression.items]
        if expression.kind != "list" or None in words:
            raise RejectedError(f"write out every word of `run_command` ({where}).")
        refused = _refused_word([word or "" for word in words], named=named)
        if refused is not None:
            shown = visible(refused)[:60]
            raise RejectedError(
                f"`run_command` may not have `{shown}` there ({where}); it may have "
                f"-d, -i, -t, --rm, --init, --read-only, {', '.join(_VALUED)}, then -- and the "
                "image, and then the container's own command."
            )


def _text(expression: Expression) -> str | None:
    value = expression.value if expression.kind == "literal" else None
    return value if isinstance(value, str) else None


def _refused_word(words: list[str], *, named: bool) -> str | None:
    """The first word that no container needs; behind the image all is the container's.

    An image whose name is not known could be an option, unless `--` ends these.
    """
    waiting = iter(words)
    for word in waiting:
        if word == "--":
            return None
        option, sets, _ = word.partition("=")
        if option in _VALUED:
            if not sets:
                next(waiting, None)
        elif not _FLAG.fullmatch(word):
            image = _NAME.fullmatch(word) or (named and _IMAGE.fullmatch(word))
            return None if image else word
    return None
