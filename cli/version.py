"""`dropreel version`."""

from importlib import metadata


def version() -> None:
    """Say the version."""
    print(f"dropreel {metadata.version('dropreel')}")
