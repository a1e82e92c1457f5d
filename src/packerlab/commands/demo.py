def demo() -> None:
    """TODO"""
