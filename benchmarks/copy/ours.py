"""dropreel's own copy, as the deliver function makes it: `python -m benchmarks.copy.ours URL…`.

The last line printed is what the copying itself took of the processor, in seconds: a warm function has the rest behind
it.
"""

from __future__ import annotations

import os
import sys
import time

from dropreel.aws.clients import client
from dropreel.transfer.addresses import Policy
from dropreel.transfer.copying import Copier
from dropreel.transfer.fetching import fetch


def main() -> None:
    copier = Copier(client("s3"), "outbox", Policy(allow_loopback=True), fetch)
    began = time.process_time()
    for number, url in enumerate(sys.argv[1:]):
        copier.copy(url, str(number), {}, lambda: None)
    print(time.process_time() - began, flush=True)
    os._exit(0)  # a function's process is frozen, never taken apart


if __name__ == "__main__":
    main()
