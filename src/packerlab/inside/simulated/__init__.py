"""AWS as moto simulates it, with what Packer needs fixed: the only importers of moto.

`tables` keeps moto's big tables unread. `account` is what one account holds besides moto's state.
`ec2` has the response handlers and the backend that replace moto's for EC2: what they override,
and why, stands there and nowhere else. `calls` takes a request to its service and journals it.
`account_state` is the evidence.
"""

from __future__ import annotations

from .account import AskError
from .dispatch import Simulation, warm_up

__all__ = ["AskError", "Simulation", "warm_up"]
