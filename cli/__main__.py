"""`python -m cli` is `dropreel`."""

from cli.main import main

main()
