"""A class: its rules, its roster, who handed in what, and the marks that come of it."""
