"""How messages come in, and where they end when they fail."""

from __future__ import annotations

from tests.infra.synthesized import Assembly, readable


def test_inbox_notifies_the_intake_queue_through_its_own_property(each: Assembly) -> None:
    inbox, outbox = (each.of_type("AWS::S3::Bucket")[name] for name in ("Inbox", "Outbox"))
    (notification,) = inbox["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert readable(notification["Queue"]) == "QueuesIntakeQueue.Arn"
    assert "NotificationConfiguration" not in outbox


def test_inbox_waits_until_the_queue_lets_it_send(each: Assembly) -> None:
    assert [readable({"Ref": name}) for name in each.resources["Inbox"]["DependsOn"]] == ["QueuesIntakeQueuePolicy"]


def test_only_this_inbox_and_this_account_may_send_to_the_intake_queue(dev: Assembly) -> None:
    senders = {
        statement["Principal"]["Service"]: readable(statement["Condition"]["ArnLike"]["aws:SourceArn"])
        for statement in dev.of_type("AWS::SQS::QueuePolicy")["QueuesIntakeQueuePolicy"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    }
    assert senders == {
        "s3.amazonaws.com": "arn:AWS::Partition:s3:::dropreel-dev-inbox-*",
        "sns.amazonaws.com": "arn:AWS::Partition:sns:*:AWS::AccountId:*",
        "events.amazonaws.com": "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:rule/*",
    }


def test_nobody_else_may_send_to_any_other_queue(each: Assembly) -> None:
    policies = each.of_type("AWS::SQS::QueuePolicy")
    del policies["QueuesIntakeQueuePolicy"]
    effects = [statement["Effect"] for each in policies.values() for statement in each["PolicyDocument"]["Statement"]]
    assert effects == ["Deny"] * 3


def test_messages_that_fail_five_times_go_to_dead_letters_that_are_kept_longer(each: Assembly) -> None:
    queues = each.of_type("AWS::SQS::Queue")
    for name in ("QueuesIntake", "QueuesDeliver"):
        redrive = queues[f"{name}Queue"]["RedrivePolicy"]
        assert readable(redrive["deadLetterTargetArn"]) == f"{name}DeadLetters.Arn"
        assert redrive["maxReceiveCount"] == 5
        assert queues[f"{name}DeadLetters"]["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert "MessageRetentionPeriod" not in queues[f"{name}Queue"]  # four days


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
    assert queues["QueuesIntakeQueue"]["VisibilityTimeout"] == 6 * each.function("submit")["Timeout"]
    assert queues["QueuesDeliverQueue"]["VisibilityTimeout"] > each.function("deliver")["Timeout"]


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
