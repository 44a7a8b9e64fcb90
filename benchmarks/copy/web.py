"""A web server of large files, fast enough not to be what is measured: `python -m benchmarks.copy.web`.

`/<bytes>/<anything>` is a file of that size, `/<bytes>/<anything>?rate=<MB/s>` the same at a limited rate a connection,
as content delivery networks have it; with `&ranges=no` it serves whole files only. The address is printed first.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import socket
import threading
import time
from urllib.parse import parse_qsl, urlsplit

#: Bytes after which a file repeats itself: a prime, so that no two parts of a file are alike.
PERIOD = 33_554_393
#: Every file is a film by its first bytes.
HEAD = b"\0\0\0\x18ftypmp42"
#: Bytes sent between two looks at the clock where the rate is limited.
STEP = 64 * 1024


def content() -> int:
    """Return a file in memory that holds one period."""
    descriptor = os.memfd_create("film")
    film = bytearray(PERIOD)
    for start in range(0, PERIOD, 32):
        film[start : start + 32] = hashlib.sha256(start.to_bytes(8)).digest()
    film[: len(HEAD)] = HEAD
    with open(descriptor, "wb", closefd=False) as file:
        file.write(film[:PERIOD])
    return descriptor


def sha256(size: int) -> str:
    """Return the digest of a file."""
    descriptor = content()
    try:
        period = os.pread(descriptor, PERIOD, 0)
        while len(period) < PERIOD:
            period += os.pread(descriptor, PERIOD - len(period), len(period))
    finally:
        os.close(descriptor)
    digest = hashlib.sha256()
    for start in range(0, size, PERIOD):
        digest.update(period[: size - start])
    return digest.hexdigest()


def serve(connection: socket.socket, descriptor: int) -> None:
    """Answer the requests of one connection until the other side has had enough."""
    asked = b""
    try:
        with connection:
            while True:
                while b"\r\n\r\n" not in asked:
                    more = connection.recv(65536)
                    if not more:
                        return
                    asked += more
                request, _, asked = asked.partition(b"\r\n\r\n")
                if not _answer(connection, descriptor, request.decode("latin-1")):
                    return
    except OSError:
        return


def _answer(connection: socket.socket, descriptor: int, request: str) -> bool:
    line, *fields = request.split("\r\n")
    method, target, _ = line.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    url = urlsplit(target)
    options = dict(parse_qsl(url.query))
    size = int(url.path.split("/")[1])
    start, stop, status = 0, size, "200 OK"
    about = ["Content-Type: video/mp4", f'ETag: "{size}"']
    if options.get("ranges") != "no":
        about.append("Accept-Ranges: bytes")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
        if wanted and headers.get("if-range", f'"{size}"') == f'"{size}"':
            start, stop = int(wanted[1]), min(int(wanted[2] or size) + 1, size)
            status = "206 Partial Content"
            about.append(f"Content-Range: bytes {start}-{stop - 1}/{size}")
    about.append(f"Content-Length: {stop - start}")
    connection.sendall("\r\n".join([f"HTTP/1.1 {status}", *about, "", ""]).encode())
    if method == "GET":
        _send(connection, descriptor, start, stop, float(options.get("rate", 0)) * 1e6)
    return headers.get("connection", "").lower() != "close"


def _send(connection: socket.socket, descriptor: int, start: int, stop: int, rate: float) -> None:
    began, sent = time.monotonic(), 0
    while start < stop:
        offset = start % PERIOD
        most = min(stop - start, PERIOD - offset)
        count = os.sendfile(connection.fileno(), descriptor, offset, min(most, STEP) if rate else most)
        start += count
        sent += count
        if rate:
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--sha256", type=int, metavar="BYTES", help="print the digest of such a file, and end")
    arguments = parser.parse_args()
    if arguments.sha256:
        print(sha256(arguments.sha256))
        return
    descriptor = content()
    with socket.create_server(("127.0.0.1", arguments.port), backlog=64) as server:
        print(f"http://127.0.0.1:{server.getsockname()[1]}", flush=True)
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, descriptor), daemon=True).start()


if __name__ == "__main__":
    main()
