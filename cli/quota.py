"""Whether the account lets as many functions run as the queues may ask for; a new account's quota is small."""

from botocore.exceptions import ClientError

from cli.check import Check, State
from cli.stack import Stack

#: Runs at the same time beside those of the queues: callbacks, looks and probes, which take moments.
BESIDE = 10
#: Lambda's "Concurrent executions" in Service Quotas.
QUOTA = "L-B99A9384"


def concurrency(there: Stack) -> Check:
    """The account's concurrency in this region, against what the two queues take at most."""
    lambda_ = there.client("lambda")
    try:
        allowed = int(lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"])
        asked = sum(_asked(there, url) for url in (there.settings.intake_queue_url, there.settings.deliver_queue_url))
    except ClientError as error:
        return Check("concurrency", State.LOOK, f"not looked at: {error.response['Error']['Code']}")
    said = f"{allowed} functions may run at the same time; the queues ask for {asked} at most"
    if allowed >= asked + BESIDE:
        return Check("concurrency", State.FINE, said)
    todo = (
        "Ask for more: aws service-quotas request-service-quota-increase --service-code lambda --quota-code "
        f"{QUOTA} --desired-value 1000. Until then, deploy with -c submit_concurrency=2 -c deliver_concurrency=2, or "
        "callbacks and looks come late; no message is lost."
    )
    return Check("concurrency", State.LOOK, said, todo)


def _asked(there: Stack, url: str) -> int:
    """The most runs that a queue's mapping begins at the same time."""
    names = there.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    mappings = there.client("lambda").list_event_source_mappings(EventSourceArn=names["QueueArn"])
    return sum(each.get("ScalingConfig", {}).get("MaximumConcurrency", 0) for each in mappings["EventSourceMappings"])
