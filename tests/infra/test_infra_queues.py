"""How messages come in, and where they end when they fail."""

from __future__ import annotations

from dropreel.aws.batch import pause
from dropreel.delivery.delivery import LEASE, LONGEST_COPY, PATIENCE
from tests.infra.synthesized import Assembly, Json, listed, readable


def test_inbox_notifies_the_intake_queue_through_its_own_property(each: Assembly) -> None:
    inbox, outbox = (each.of_type("AWS::S3::Bucket")[name] for name in ("Inbox", "Outbox"))
    (notification,) = inbox["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert readable(notification["Queue"]) == "QueuesIntakeQueue.Arn"
    assert "NotificationConfiguration" not in outbox


def test_inbox_waits_until_the_queue_lets_it_send(each: Assembly) -> None:
    assert [readable({"Ref": name}) for name in each.resources["Inbox"]["DependsOn"]] == ["QueuesIntakeQueuePolicy"]


def test_only_this_inbox_may_send_to_the_intake_queue(dev: Assembly) -> None:
    assert _senders(dev) == {
        "s3.amazonaws.com": {
            "ArnLike": {"aws:SourceArn": ["arn:AWS::Partition:s3:::dropreel-dev-inbox-*"]},
            "StringEquals": {"aws:SourceAccount": ["AWS::AccountId"]},
        }
    }


def test_topics_and_rules_that_were_named_may_send_too_and_no_others(everything_set: Assembly) -> None:
    senders = _senders(everything_set)
    del senders["s3.amazonaws.com"]
    topics = ["arn:aws:sns:eu-west-1:123456789012:orders", "arn:aws:sns:us-east-1:210987654321:theirs"]
    assert senders == {
        "sns.amazonaws.com": {"ArnEquals": {"aws:SourceArn": topics}},
        "events.amazonaws.com": {
            "ArnEquals": {"aws:SourceArn": ["arn:aws:events:eu-west-1:123456789012:rule/shop/orders"]}
        },
    }


def _senders(assembly: Assembly) -> dict[str, Json]:
    """The conditions under which each service may send to the intake queue."""
    policy = assembly.of_type("AWS::SQS::QueuePolicy")["QueuesIntakeQueuePolicy"]["PolicyDocument"]
    return {
        statement["Principal"]["Service"]: {
            test: {key: [readable(each) for each in listed(values)] for key, values in keys.items()}
            for test, keys in statement["Condition"].items()
        }
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
    }


def test_nobody_else_may_send_to_any_other_queue(each: Assembly) -> None:
    policies = each.of_type("AWS::SQS::QueuePolicy")
    del policies["QueuesIntakeQueuePolicy"]
    effects = [statement["Effect"] for each in policies.values() for statement in each["PolicyDocument"]["Statement"]]
    assert effects == ["Deny"] * 3


_RECEIVES = {"QueuesIntake": 30, "QueuesDeliver": 150}


def test_messages_that_fail_too_often_go_to_dead_letters_that_are_kept_longer(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    for name, receives in _RECEIVES.items():
        redrive = queues[f"{name}Queue"]["RedrivePolicy"]
        assert readable(redrive["deadLetterTargetArn"]) == f"{name}DeadLetters.Arn"
        assert redrive["maxReceiveCount"] == receives
        assert queues[f"{name}Queue"]["MessageRetentionPeriod"] == 10 * 24 * 3600
        assert queues[f"{name}DeadLetters"]["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_what_fails_is_a_dead_letter_long_before_its_queue_forgets_it(each: Assembly) -> None:
    for name, queue in each.of_type("AWS::SQS::Queue").items():
        if redrive := queue.get("RedrivePolicy"):
            failing = sum(pause(receives) for receives in range(1, redrive["maxReceiveCount"] + 1))
            assert 2 * 3600 < failing < queue["MessageRetentionPeriod"] / 2, name


def test_a_delivery_that_waits_for_another_has_receives_for_as_long_as_that_can_take(each: Assembly) -> None:
    receives = each.of_type("AWS::SQS::Queue")["QueuesDeliverQueue"]["RedrivePolicy"]["maxReceiveCount"]
    tries = 1
    while 2 * 2.0 ** (tries - 1) - 1 <= PATIENCE:
        tries += 1
    copying = tries * (LONGEST_COPY + LEASE) + PATIENCE
    assert copying / LEASE + tries < receives


def test_queues_are_encrypted(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    assert len(queues) == 4
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())


def test_drops_rest_for_the_quiet_time(dev: Assembly, everything_set: Assembly) -> None:
    assert dev.of_type("AWS::SQS::Queue")["QueuesIntakeQueue"]["DelaySeconds"] == 5
    assert everything_set.of_type("AWS::SQS::Queue")["QueuesIntakeQueue"]["DelaySeconds"] == 0
    assert "DelaySeconds" not in dev.of_type("AWS::SQS::Queue")["QueuesDeliverQueue"]


def test_no_message_comes_back_while_its_function_still_runs(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    # As Lambda advises, so that what is throttled meanwhile uses up few receives.
    assert queues["QueuesIntakeQueue"]["VisibilityTimeout"] == 6 * each.function("submit")["Timeout"]
    assert queues["QueuesDeliverQueue"]["VisibilityTimeout"] == 6 * each.function("deliver")["Timeout"]


def test_no_function_may_send_to_the_queue_that_feeds_it(each: Assembly) -> None:
    fed = {
        readable(mapping["FunctionName"]).partition(":")[0]: readable(mapping["EventSourceArn"])
        for mapping in each.of_type("AWS::Lambda::EventSourceMapping").values()
    }
    assert len(fed) == 2
    for function, queue in fed.items():
        role = function.partition("Function")[0] + "Role"
        sends = [
            readable(resource)
            for owner, statement in each.statements()
            if owner == role and "sqs:SendMessage" in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        ]
        assert sends, f"{role} sends somewhere"
        assert queue not in sends


def test_each_message_is_taken_alone_and_no_more_than_asked_for_at_once(
    dev: Assembly, everything_set: Assembly
) -> None:
    assert _mappings(dev) == {"QueuesIntakeQueue.Arn": 20, "QueuesDeliverQueue.Arn": 10}
    assert _mappings(everything_set) == {"QueuesIntakeQueue.Arn": 2, "QueuesDeliverQueue.Arn": 3}


def _mappings(assembly: Assembly) -> dict[str, int]:
    mappings = assembly.of_type("AWS::Lambda::EventSourceMapping").values()
    assert {mapping["BatchSize"] for mapping in mappings} == {1}
    assert all(mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for mapping in mappings)
    return {readable(each["EventSourceArn"]): each["ScalingConfig"]["MaximumConcurrency"] for each in mappings}
