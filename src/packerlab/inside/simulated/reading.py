"""What a request asks for: one reading of it, which moto then gets.

Moto looks for an action in the query, in any kind of body and in a header; a request may hold
several. So it gets one that is made of what was found here, in the service's own form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from packerlab.inside import strict_json
from packerlab.inside.endpoint import HttpRequest

JSON_SERVICES = frozenset({"ssm", "kms", "secretsmanager"})
SIGNED = ("authorization", "x-amz-security-token")
"""The headers that say who calls."""

MOST_FIELDS = 5_000
NUMBERS, MOST_DIGITS = ("Count", "Quantity", "Capacity"), 3
"""Moto makes as many of a thing as it is asked for, and answers no other call meanwhile."""


@dataclass
class Understood:
    """A call that has a service and an action."""

    service: str
    region: str
    action: str
    parameters: Any
    request: HttpRequest
    """What moto is given: what was understood, and nothing that it could understand otherwise."""
    principal: str = ""


def understand(call: HttpRequest, service: str, region: str) -> Understood:
    """What is called for; ValueError where it is nothing."""
    if service == "s3":
        action = f"{call.method.title()}Object"
        return Understood(service, region, action, {"path": call.path}, call)
    if service in JSON_SERVICES:
        target = call.headers.get("x-amz-target", "")
        parameters = strict_json.read(call.body or b"{}")
        body = json.dumps(parameters).replace("&", "\\u0026")  # or moto reads it as a form, too
        own = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        request = _made_anew(call, own, body)
        return Understood(service, region, target.rpartition(".")[2], parameters, request)
    text = call.body.decode() or call.path.partition("?")[2]
    fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    for name, value in fields.items():
        if name.endswith(NUMBERS) and value.isdigit() and len(value) > MOST_DIGITS:
            raise ValueError(f"{name} is beyond any account's quota")
    own = {"content-type": "application/x-www-form-urlencoded"}
    request = _made_anew(call, own, urlencode(fields))
    fields.pop("Version", None)
    return Understood(service, region, fields.pop("Action", ""), fields, request)


def _made_anew(call: HttpRequest, own: dict[str, str], body: str) -> HttpRequest:
    kept = {name: call.headers[name] for name in SIGNED if name in call.headers}
    return HttpRequest("POST", call.host, "/", {"host": call.host, **kept, **own}, body.encode())
