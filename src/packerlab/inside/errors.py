"""What can go wrong in a sandbox, beside a program that fails."""

from __future__ import annotations


class AccountError(Exception):
    """A simulated account does not answer as it should: nothing that follows can be trusted."""


class TooMuch(Exception):  # noqa: N818  (a bound that was hit)
    """What a verb left is more than is read.

    Its text is the bound's name; `packerlab.sandbox.box` has each in words.
    """
