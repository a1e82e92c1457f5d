def test_something() -> None:
    """It has no `@check`."""
