"""AWS as moto simulates it, with what Packer needs fixed: the only importers of moto.

`dispatch` takes a request to its service and journals it. Before moto sees it, `principals`, `ids`,
`tags` and `filters` check it. `handlers` has the calls that moto lacks or answers wrongly. `ec2` is
a region, made of layers of one subject each: what they override, and why, stands there and nowhere
else. `prepared`, `seed` and `public_parameters` are what an account holds at the start, `account`
is what it holds besides moto's state, and `account_state` is the evidence. `tables` keeps moto's
big tables unread.
"""

from __future__ import annotations

from .account import AskError
from .dispatch import Simulation, warm_up

__all__ = ["AskError", "Simulation", "warm_up"]
