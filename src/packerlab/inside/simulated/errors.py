"""Errors in the shape that each service's protocol has for them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from packerlab.inside.endpoint import HttpResponse

XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
IDS = re.compile(rb"<([rR]equestI[dD])>[^<]*<")
QUOTED = re.compile(r"'([^']*)'")
WORDS = (
    (
        re.compile(r"The keypair '?(\{[^{}]*\})'? does not exist\."),
        "The key pair '{}' does not exist",
    ),
    (re.compile(r"The volume '?(\{[^{}]*\})'?"), "The volume '{}'"),
    (re.compile(r"The security group '?(\{[^{}]*\})'?"), "The security group '{}'"),
    (re.compile(r"VpcID (\{[^{}]*\}) does not exist\."), "The vpc ID '{}' does not exist"),
    (re.compile(r"Instance profile (\S+) not found"), "Instance Profile {} cannot be found."),
    (re.compile(r"Role (\S+) not found"), "The role with name {} cannot be found."),
)
"""What moto says, often with a set of Python's in it, and what AWS says."""

REQUEST_ID = "00000000-0000-0000-0000-000000000000"
OWN_WORDS = {
    "ec2": {
        "MissingAuthenticationToken": "AuthFailure",
        "InvalidClientTokenId": "AuthFailure",
        "SignatureDoesNotMatch": "AuthFailure",
        "AccessDenied": "UnauthorizedOperation",
    },
    "s3": {
        "InvalidClientTokenId": "InvalidAccessKeyId",
        "MissingAuthenticationToken": "AccessDenied",
    },
    "json": {
        "MissingAuthenticationToken": "MissingAuthenticationTokenException",
        "InvalidClientTokenId": "UnrecognizedClientException",
        "AccessDenied": "AccessDeniedException",
        "InvalidAction": "UnknownOperationException",
    },
}
"""What a service calls the errors that all services know."""


@dataclass
class DeniedError(Exception):
    """A call that is not carried out."""

    code: str
    text: str
    status: int


def shaped(service: str, denied: DeniedError) -> HttpResponse:
    """The error as the service's SDKs read it."""
    family = "json" if service in {"ssm", "kms", "secretsmanager"} else service
    code = OWN_WORDS.get(family, {}).get(denied.code, denied.code)
    text = denied.text[:2000]
    if family == "json":
        body = json.dumps({"__type": code, "message": text})
        return HttpResponse(400, body.encode(), {"Content-Type": "application/x-amz-json-1.1"})
    inner = f"<Code>{escape(code)}</Code><Message>{escape(text)}</Message>"
    body = {
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors>"
        f"<RequestID>{REQUEST_ID}</RequestID></Response>",
        "s3": f"<Error>{inner}<RequestId>{REQUEST_ID}</RequestId></Error>",
    }.get(
        family,
        f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
    )
    status = 401 if code == "AuthFailure" else denied.status
    return HttpResponse(
        status, (XML_HEAD + body).encode(), {"Content-Type": "text/xml;charset=UTF-8"}
    )


def plain(body: bytes, status: int) -> bytes:
    """Moto's answer without what differs in each run, and its errors in AWS's words."""
    same = IDS.sub(rf"<\1>{REQUEST_ID}<".encode(), body)
    if status < 400:
        return same
    text = same.decode("utf-8", "replace")
    for pattern, words in WORDS:
        for found in pattern.finditer(text):
            text = text.replace(found[0], words.format(_listed(found[1])))
    return text.encode()


def _listed(names: str) -> str:
    return ", ".join(sorted(QUOTED.findall(names))) if names.startswith("{") else names
