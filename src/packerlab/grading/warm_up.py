"""The empty file of checks that `preload` has pytest collect."""
