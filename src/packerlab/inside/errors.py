"""What can go wrong in a sandbox, beside a program that fails."""

from __future__ import annotations


class AccountError(Exception):
    """A simulated account does not answer as it should: nothing that follows can be trusted."""


class TooMuch(Exception):  # noqa: N818  (a bound that was hit)
    """A disk, or an account, with more than is read."""
