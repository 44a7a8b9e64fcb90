"""SeaweedFS: an S3 that checks every signature and every digest."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.judges.processes import BIN, free_ports, running

#: whose signatures it takes
ACCESS_KEY, SECRET_KEY = "somebody", "the-right-secret"
_PORTS = ("s3", "s3.port.grpc", "filer", "filer.port.grpc", "master", "master.port.grpc", "volume", "volume.port.grpc")


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Runs it with nothing in it; yields its address."""
    ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
    who = {
        "name": ACCESS_KEY,
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [who]}))
    command = [
        *(str(BIN / "weed"), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}"),
        *("-s3", f"-s3.config={folder / 's3.json'}", f"-s3.localSocket={folder / 's3.sock'}"),
        *(f"-filer.localSocket={folder / 'filer.sock'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name if '.' in name else f'{name}.port'}={port}" for name, port in ports.items()),
    ]
    with running(command, log=folder / "seaweedfs.log", environment={}, answers=lambda: _listens(ports["s3"])):
        yield f"http://127.0.0.1:{ports['s3']}"


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
