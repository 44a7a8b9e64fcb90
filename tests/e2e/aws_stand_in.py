"""The few commands of the AWS command line that the documents use; whatever else is asked for is an error."""

import argparse
from pathlib import Path

import boto3


def copy(source: str, target: str, *, recursive: bool) -> None:
    bucket, _, key = target.removeprefix("s3://").partition("/")
    assert target.startswith("s3://"), "only into S3"
    files = [path for path in Path(source).rglob("*") if path.is_file()] if recursive else [Path(source)]
    for path in files:
        name = f"{key}{path.relative_to(source)}" if recursive else key + (path.name if key.endswith("/") else "")
        boto3.client("s3").put_object(Bucket=bucket, Key=name, Body=path.read_bytes())


def put_secret(secret: str, text: str) -> None:
    value = Path(text.removeprefix("file://")).read_text() if text.startswith("file://") else text
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=value)


def main() -> None:
    aws = argparse.ArgumentParser(prog="aws", allow_abbrev=False)
    services = aws.add_subparsers(dest="service", required=True)
    s3 = services.add_parser("s3").add_subparsers(dest="command", required=True).add_parser("cp", allow_abbrev=False)
    s3.add_argument("--recursive", action="store_true")
    s3.add_argument("source")
    s3.add_argument("target")
    secrets = services.add_parser("secretsmanager").add_subparsers(dest="command", required=True)
    put = secrets.add_parser("put-secret-value", allow_abbrev=False)
    put.add_argument("--secret-id", required=True)
    put.add_argument("--secret-string", required=True)
    given = aws.parse_args()
    if given.service == "s3":
        copy(given.source, given.target, recursive=given.recursive)
    else:
        put_secret(given.secret_id, given.secret_string)


if __name__ == "__main__":
    main()
