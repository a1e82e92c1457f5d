"""A workshop in a room: labs are handed out, work is taken in and graded in turn, a wall shows it.

Nothing here is imported by any other verb than `serve`.
"""
