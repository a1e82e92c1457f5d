def doctor() -> None:
    """TODO"""
