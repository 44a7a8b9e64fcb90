"""What AWS refuses and moto lets pass: one rule a file, each with AWS's words as its reason.

docs/laptop.md is the table of them. They act on moto inside this process, whether clients come over a server or by
moto's own mock_aws.
"""

from local.strict import dynamodb, events, executions, functions, recursion, s3, sqs

_done: set[str] = set()


def apply() -> None:
    """Makes moto as strict as AWS in this process; safe to call again."""
    for rule in (sqs, recursion, dynamodb, events, executions, functions, s3):
        if rule.__name__ not in _done:
            _done.add(rule.__name__)
            rule.apply()
