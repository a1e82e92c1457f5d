from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
paths = ("/moto-api/reset", "/moto-api/data.json", "/moto-api/proxy/passthrough", "//moto-api/reset",
         "/%6doto-api/reset", "/x/../moto-api/reset")
hosts = ("localhost", "127.0.0.1", "motoapi.amazonaws.com", "moto-api", "ec2.us-east-1.amazonaws.com",
         "motoapi.amazonaws.com:443")
for path in paths:
    for host in hosts:
        for method in ("POST", "GET"):
            status, text = talk(path=path, method=method, host=host)
            if status < 400:
                loot.append(f"{method} {host}{path}: {text[:60]}")
    for service in ("s3", "iam"):
        status, text = talk(service, path=path)
        if "moto" in text.lower() and status < 400:
            loot.append(f"{service} {path}: {text[:60]}")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
