"""Ask for a film by a message: python examples/publish.py QUEUE_URL MODEL INPUT [--id ID] [--output FOLDER]."""

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main() -> None:
    """Put one message on the intake queue, and print the id that SQS gave it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("queue", help="the stack's output QueueUrl")
    options.add_argument("model", help="an id or alias")
    options.add_argument("input", type=json_object, help="the model's parameters, as a JSON object")
    options.add_argument("--id", help="your own id: the same one is the same job for ever")
    options.add_argument("--output", help="a folder in the outbox")
    given = options.parse_args()
    named = {"id": given.id, "output": given.output}
    message = {"model": given.model, "input": given.input} | {name: text for name, text in named.items() if text}
    try:
        answer = boto3.client("sqs").send_message(QueueUrl=given.queue, MessageBody=json.dumps(message))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"not sent: {' '.join(str(error).split())}")
    print(answer["MessageId"])


def json_object(text: str) -> dict[str, Any]:
    """What argparse calls this function in its complaint about anything else."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError
    return found


if __name__ == "__main__":
    main()
