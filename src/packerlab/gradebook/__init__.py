"""A gradebook: a folder of reports, the work itself, points given by hand, and a signed ledger."""

from packerlab.gradebook.book import Gradebook, open_gradebook, read_gradebook

__all__ = ["Gradebook", "open_gradebook", "read_gradebook"]
