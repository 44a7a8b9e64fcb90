"""The `dropreel` command."""
