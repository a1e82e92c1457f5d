"""The simulated account, from outside: what a lab prepares, what a build left, the instances' disk.

What runs of it in the sandbox is `packerlab.inside`.
"""
