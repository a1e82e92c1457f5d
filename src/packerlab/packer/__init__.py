"""Packer itself: its verbs, its versions, its components, and what one report asks of it."""
