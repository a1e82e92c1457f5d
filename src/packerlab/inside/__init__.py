"""What runs inside a sandbox, and nothing else of the package does: the standard library is there.

Only an account's control plane (`control`, `endpoint`, `simulated`) has more: moto and what it is
made of. It runs in a process, and a corner, of its own.
"""
