"""What a sandbox is around its verbs. A file is a mode: its `Mode` has the functions of `nested`'s.

The supervisor takes the one that its configuration names, and is the same loop for all of them.
"""
