"""Learn Packer by building for real, offline; graded by what was built, in a sandbox."""

__version__ = "0.1.0"
