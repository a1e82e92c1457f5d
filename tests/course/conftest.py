"""The graders of this course are run by the engine alone."""

collect_ignore_glob = ["graders/*"]
