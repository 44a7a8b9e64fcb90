"""Where `dropreel` begins: everything else is loaded from here, so that a Ctrl-C meanwhile is none the worse."""

import sys

from cli.ending import ended_by_signals, leave
from cli.exits import INTERRUPTED


def main() -> None:
    """Entry point of the console script."""
    if sys.argv[1:2] in (["up"], ["demo"]):
        # These end well at a signal, however early it comes.
        with ended_by_signals():
            _run()
        leave()
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run() -> None:
    from cli.app import run

    run()
