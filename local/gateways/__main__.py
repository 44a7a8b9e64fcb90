"""`python -m local.gateways`: the simulated gateways alone, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal

from local.gateways.simulation import SimulatedGateways


def main() -> None:
    """Run the gateways and print where they are, one line on stdout."""
    parser = argparse.ArgumentParser(prog="python -m local.gateways", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seconds", type=float, default=2.0, help="that a generation takes")
    parser.add_argument("--scale", type=float, default=1.0, help="of the videos' real size")
    chosen = parser.parse_args()
    told = _told_to_end()
    with SimulatedGateways(port=chosen.port, seconds=chosen.seconds, scale=chosen.scale) as gateways:
        print(gateways.url, flush=True)
        os.read(told, 1)


def _told_to_end() -> int:
    """A file that has something to read once the process is told to end.

    A pipe, as the signal may reach a thread of numpy's, which would wake nobody else.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return reader


if __name__ == "__main__":
    main()
