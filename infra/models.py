"""botocore's models of AWS: those of the services in use, without their prose.

botocore looks through the folders of four hundred services, and reads a megabyte of all their endpoints, whenever a
first client is made. What is left out is most of a layer's size and half of the time that the clients take.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

#: What the functions have clients of, by botocore's names.
SERVICES = ("dynamodb", "events", "s3", "secretsmanager", "sqs", "stepfunctions")


def trim(python: Path) -> None:
    """Leave of the models in a layer's `python` folder what the functions need; without botocore, do nothing."""
    data = python / "botocore" / "data"
    if data.exists():
        for service in (path for path in data.iterdir() if path.is_dir()):
            _keep_newest(service) if service.name in SERVICES else shutil.rmtree(service)
        for path in [*data.glob("*/*/*.json"), *data.glob("*/*/*.json.gz")]:
            _rewrite(path)
        _keep_endpoints(data)


def _keep_newest(service: Path) -> None:
    """Keep the version that a client is of."""
    for version in sorted(service.iterdir())[:-1]:
        shutil.rmtree(version)


def _rewrite(path: Path) -> None:
    """Keep a model without its prose, and plain: the upload is compressed as a whole."""
    if path.name.startswith("examples-"):
        path.unlink()
        return
    text = path.read_bytes()
    model = without_prose(json.loads(gzip.decompress(text) if path.suffix == ".gz" else text))
    path.unlink()
    _write(path.with_name(path.name.removesuffix(".gz")), model)


def _keep_endpoints(data: Path) -> None:
    """Keep the endpoints of the services in use, which go by a name of their own."""
    models = data.glob("*/*/service-2.json")
    names = {json.loads(path.read_text())["metadata"]["endpointPrefix"] for path in models}
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in names}
    _write(data / "endpoints.json", endpoints)


def without_prose(model: Any) -> Any:
    """Return a model without what it says to people."""
    if isinstance(model, list):
        return [without_prose(part) for part in model]
    if not isinstance(model, dict):
        return model
    # Emptied and not left out: botocore reads some. And a shape may have a member of that name, which is no text.
    return {
        name: "" if name == "documentation" and isinstance(part, str) else without_prose(part)
        for name, part in model.items()
    }


def _write(path: Path, model: Any) -> None:
    path.write_text(json.dumps(model, separators=(",", ":")))
