"""``comity demo``."""


def command() -> None:
    """Run."""
