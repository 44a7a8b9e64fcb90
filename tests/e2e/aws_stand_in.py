"""The AWS command line as far as the documents use it: `s3 cp`, `ls` and `mb`, and every operation of a service.

What it does not know is an error: a command that is wrong fails here as it would there.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]  # it has no types
from botocore import xform_name


def main() -> None:
    aws = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    aws.add_argument("--endpoint-url")
    aws.add_argument("service")
    aws.add_argument("command")
    aws.add_argument("words", nargs=argparse.REMAINDER)
    given = aws.parse_args()
    client = boto3.client(given.service, endpoint_url=given.endpoint_url)
    if given.service == "s3":
        S3_COMMANDS[given.command](client, given.words)
    else:
        call(client, given.command, given.words)


def call(client: Any, command: str, words: Sequence[str]) -> None:
    """Any operation, its parameters named as in the model of the service."""
    operation = command.replace("-", "_")
    members = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[operation]
    ).input_shape.members
    aws = argparse.ArgumentParser(prog=f"aws {command}", allow_abbrev=False)
    aws.add_argument("--query", default="@")
    aws.add_argument("--output", choices=["json", "text", "table"], default="json")
    for name in members:
        aws.add_argument(f"--{xform_name(name, '-')}", dest=name)
    given = vars(aws.parse_args(words))
    parameters = {
        name: json.loads(given[name]) if shape.type_name in ("list", "map", "structure") else text(given[name])
        for name, shape in members.items()
        if given[name] is not None
    }
    found = jmespath.search(given["query"], getattr(client, operation)(**parameters))
    flat = isinstance(found, list) and given["output"] == "text"
    print(*found if flat else [found if isinstance(found, str) else json.dumps(found, default=str)])


def text(word: str) -> str:
    """A parameter's value, which may be in a file."""
    return Path(word.removeprefix("file://")).read_text() if word.startswith("file://") else word


def copy(s3: Any, words: Sequence[str]) -> None:
    aws = argparse.ArgumentParser(prog="aws s3 cp", allow_abbrev=False)
    aws.add_argument("--recursive", action="store_true")
    aws.add_argument("--metadata", type=json.loads, default={})
    aws.add_argument("source")
    aws.add_argument("target")
    given = aws.parse_args(words)
    if given.source.startswith("s3://"):
        assert given.recursive, "of an object's own copy the documents say nothing"
        download(s3, given.source, Path(given.target))
        return
    bucket, key = place(given.target)
    for name, body in contents(given.source, recursive=given.recursive):
        there = key + name if given.recursive or key.endswith("/") else key
        s3.put_object(Bucket=bucket, Key=there, Body=body, Metadata=given.metadata)


def contents(source: str, *, recursive: bool) -> Iterator[tuple[str, bytes]]:
    """What is to be copied, with the name that each has below its target."""
    if source == "-":
        yield "", sys.stdin.buffer.read()
    elif recursive:
        assert Path(source).is_dir(), f"{source} is no folder"
        for path in (path for path in Path(source).rglob("*") if path.is_file()):
            yield str(path.relative_to(source)), path.read_bytes()
    else:
        yield Path(source).name, Path(source).read_bytes()


def download(s3: Any, source: str, folder: Path) -> None:
    bucket, prefix = place(source)
    for item in listed(s3, bucket, prefix):
        path = folder / item["Key"].removeprefix(prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())


def show(s3: Any, words: Sequence[str]) -> None:
    assert words[0] == "--recursive", "the documents list whole buckets"
    bucket, prefix = place(words[1])
    for item in listed(s3, bucket, prefix):
        print(item["LastModified"], item["Size"], item["Key"])


def make(s3: Any, words: Sequence[str]) -> None:
    (target,) = words
    s3.create_bucket(Bucket=place(target)[0])


def listed(s3: Any, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def place(uri: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// address."""
    assert uri.startswith("s3://"), f"{uri} is not in S3"
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    assert bucket, f"{uri} names no bucket"
    return bucket, key


S3_COMMANDS = {"cp": copy, "ls": show, "mb": make}

if __name__ == "__main__":
    main()
