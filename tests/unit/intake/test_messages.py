"""Everything that can lie on the intake queue."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dropreel.aws.queues import resume
from dropreel.intake.envelopes import Drop, Message, Request, Submit, drop_event, read

ORDER = {"model": "veo-3-1", "input": {"prompt": "a cat"}, "id": "order-17", "output": "campaign/7"}


def sns(message: object, **more: object) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    about = {"Type": "Notification", "MessageId": "sns-1", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t"}
    return {**about, "Message": text, "Timestamp": "2026-05-22T13:19:23.000Z", "SignatureVersion": "1", **more}


def event_bridge(detail: object, kind: str = "Order", source: str = "shop") -> dict[str, Any]:
    about = {"version": "0", "id": "event-1", "detail-type": kind, "source": source, "account": "123456789012"}
    return {**about, "time": "2026-05-22T13:19:23Z", "region": "us-east-1", "resources": [], "detail": detail}


def record(key: str, name: str = "ObjectCreated:Put", bucket: str = "inbox") -> dict[str, Any]:
    s3 = {"s3SchemaVersion": "1.0", "configurationId": "c", "bucket": {"name": bucket}, "object": {"key": key}}
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": name, "s3": s3}


def s3_event(*keys: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {"Records": [record(key, name) for key in keys]}


def s3_detail(key: str) -> dict[str, Any]:
    return {"version": "0", "bucket": {"name": "inbox"}, "object": {"key": key, "size": 1, "etag": "e"}}


def found(body: object) -> list[Message]:
    return list(read(body if isinstance(body, str) else json.dumps(body), "sqs-1"))


def wrong(body: object) -> Request:
    (message,) = found(body)
    assert isinstance(message, Request)
    assert message.mistakes
    return message


# Requests


@pytest.mark.parametrize(
    ("body", "message_id"),
    [
        (ORDER, "sqs-1"),
        (sns(ORDER), "sns-1"),
        (event_bridge(ORDER), "event-1"),
        (sns(event_bridge(ORDER)), "event-1"),
        (event_bridge(sns(ORDER)), "sns-1"),
        (sns(ORDER, MessageId=None), "sqs-1"),
    ],
)
def test_a_request_reads_the_same_in_every_wrapping_under_its_senders_id(body: object, message_id: str) -> None:
    assert found(body) == [
        Request(message_id=message_id, model="veo-3-1", input={"prompt": "a cat"}, id="order-17", output="campaign/7")
    ]


def test_id_and_output_may_be_left_out_or_null() -> None:
    bare = {"model": "veo-3-1", "input": {}}
    assert found(bare) == found({**bare, "id": None, "output": None}) == [Request(message_id="sqs-1", model="veo-3-1")]


@pytest.mark.parametrize("name", ["a", "A-z0.9_", "..", "x" * 128])
def test_an_id_of_the_documented_characters_is_taken(name: str) -> None:
    (request,) = found({**ORDER, "id": name})
    assert isinstance(request, Request)
    assert request.id == name


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "é", "a\n", "x" * 129, 7, True, ["a"], {}])
def test_any_other_id_is_a_mistake_that_says_so(name: object) -> None:
    message = wrong({**ORDER, "id": name})
    assert (message.mistakes[0].field, message.id, message.model) == ("id", "", "veo-3-1")


@pytest.mark.parametrize(
    ("output", "folder"),
    [
        ("", ""),
        ("campaign", "campaign"),
        ("campaign/7/", "campaign/7"),
        ("my films/été", "my films/été"),
        ("...", "..."),
        ("x" * 500, "x" * 500),
    ],
)
def test_an_output_names_a_folder_of_the_outbox(output: str, folder: str) -> None:
    (request,) = found({**ORDER, "output": output})
    assert isinstance(request, Request)
    assert request.output == folder


@pytest.mark.parametrize(
    "output", ["/", "/a", "a//b", "a//", "..", "../a", "a/../b", "./a", "a\nb", "a\x00", "é" * 251, 7, ["a"], True]
)
def test_an_output_has_no_way_out_of_its_folder(output: object) -> None:
    message = wrong({**ORDER, "output": output})
    assert (message.mistakes[0].field, message.id, message.model) == ("output", "order-17", "veo-3-1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 7}, "model"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": "a cat"}, "input"),
        ({"prompt": "a cat"}, "prompt"),
        ({"take": 2}, "take"),
    ],
)
def test_a_bad_request_names_its_field_and_keeps_its_id(changes: dict[str, object], field: str) -> None:
    message = wrong({**ORDER, **changes})
    assert message.mistakes[0].field == field
    assert message.mistakes[0].allowed
    assert (message.id, message.message_id) == ("order-17", "sqs-1")


def test_a_request_without_model_or_input_is_a_mistake() -> None:
    assert wrong({"input": {}}).mistakes[0].field == "model"
    assert wrong({"model": "veo-3-1"}).mistakes[0].field == "input"


def test_everything_that_is_wrong_with_its_form_is_told() -> None:
    request = wrong({"model": 7, "id": "no spaces", "output": "../up", "seed": 1, "take": 2})
    assert [mistake.field for mistake in request.mistakes] == ["seed", "take", "model", "input", "id", "output"]


def test_a_very_long_unknown_field_is_not_repeated_whole() -> None:
    assert len(str(wrong({**ORDER, "x" * 10_000: 1}).mistakes[0])) < 300


@pytest.mark.parametrize(
    "body",
    ["", "no json", "[]", "7", "null", '"text"', "{", "[" * 100_000, '{"a":' * 100_000, "1" * 5_000, "\x00", "\ud800"],
)
def test_what_is_no_json_object_is_unreadable(body: str) -> None:
    message = wrong(body)
    assert (message.mistakes[0].field, message.id, message.model, message.message_id) == ("message", "", "", "sqs-1")


def test_an_sns_message_that_is_no_json_is_unreadable_under_its_own_id() -> None:
    message = wrong(sns("hello"))
    assert (message.mistakes[0].field, message.message_id) == ("message", "sns-1")


def test_envelopes_in_envelopes_come_to_an_end() -> None:
    body: dict[str, Any] = ORDER
    for _ in range(6):
        body = sns(body)
    assert wrong(body).mistakes[0].field == "message"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "message: is empty"),
        ("no json", "message: is not JSON: see line 1, character 1"),
        (sns("hello"), "message: is not JSON: see line 1, character 1"),
        (sns(""), "message: is empty"),
        ("[]", "message: is not a JSON object"),
        ("1" * 5_000, "message: holds a number that is too long"),
        ('{"model": "veo-3-1", "model": "veo-3-1-fast", "input": {}}', 'message: says "model" twice'),
        ('{"model": "veo-3-1", "input": {"seed": 1, "seed": 2}}', 'message: says "seed" twice'),
        ({**ORDER, "id": 17}, "id: must be a text: put it in quotes; allowed: 1 to 128 of A-Z a-z 0-9 . _ -"),
        ({**ORDER, "id": ""}, "id: is empty"),
        ({**ORDER, "id": "a b"}, "id: is too long or holds other characters"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(body: object, words: str) -> None:
    assert str(wrong(body).mistakes[0]).startswith(words)


@pytest.mark.parametrize("body", ["\ufeff" + json.dumps(ORDER), sns("\ufeff" + json.dumps(ORDER))])
def test_a_message_may_begin_with_a_byte_order_mark(body: object) -> None:
    (request,) = found(body)
    assert isinstance(request, Request)
    assert request.id == "order-17"


def test_a_topic_that_asks_to_be_confirmed_is_told_what_to_do_and_its_token_is_not_repeated() -> None:
    about = sns(
        "You have chosen to subscribe", Type="SubscriptionConfirmation", Token="secret", SubscribeURL="https://s"
    )
    words = str(wrong(about).mistakes[0])
    assert "arn:aws:sns:us-east-1:123456789012:t" in words
    assert "subscribe it again" in words
    assert "secret" not in words
    assert "https://" not in words


# S3 events


@pytest.mark.parametrize(
    "body",
    [
        s3_event("veo-3-1/cat.png"),
        sns(s3_event("veo-3-1/cat.png")),
        event_bridge(s3_detail("veo-3-1/cat.png"), "Object Created", "aws.s3"),
        sns(event_bridge(s3_detail("veo-3-1/cat.png"), "Object Created", "aws.s3")),
        event_bridge(sns(s3_event("veo-3-1/cat.png"))),
        s3_event("veo-3-1/cat.png", name="ObjectCreated:CompleteMultipartUpload"),
        s3_event("veo-3-1/cat.png", name="s3:ObjectCreated:Copy"),
    ],
)
def test_an_s3_event_is_a_drop_in_every_wrapping(body: object) -> None:
    assert found(body) == [Drop("inbox", "veo-3-1/cat.png")]


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("veo-3-1/my+cat.png", "veo-3-1/my cat.png"),
        ("veo-3-1/a%2Bb.png", "veo-3-1/a+b.png"),
        ("veo-3-1/%C3%A9t%C3%A9.png", "veo-3-1/été.png"),
        ("veo-3-1/100%25.png", "veo-3-1/100%.png"),
    ],
)
def test_keys_are_url_decoded_in_s3s_own_events_only(encoded: str, key: str) -> None:
    assert found(s3_event(encoded)) == [Drop("inbox", key)]
    bridged = event_bridge(s3_detail(encoded), "Object Created", "aws.s3")
    assert found(bridged) == [Drop("inbox", encoded)]


def test_one_event_may_hold_many_drops() -> None:
    assert found(s3_event("a/1.png", "a/2.png")) == [Drop("inbox", "a/1.png"), Drop("inbox", "a/2.png")]


def test_a_bad_record_does_not_lose_the_others() -> None:
    bad: list[object] = [7, None, {}, {"s3": 7}, {"s3": {"bucket": {"name": "b"}}}, {"s3": {"object": {"key": "k"}}}]
    body = {"Records": [record("a/1.png"), *bad, record("a/2.png")]}
    messages = found(body)
    assert (messages[0], messages[-1]) == (Drop("inbox", "a/1.png"), Drop("inbox", "a/2.png"))
    assert len(messages) == 2 + len(bad)
    assert all(isinstance(message, Request) and message.mistakes for message in messages[1:-1])


TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "t", "Bucket": "inbox", "RequestId": "r"}


@pytest.mark.parametrize(
    "body",
    [
        TEST_EVENT,
        sns(TEST_EVENT),
        s3_event("a/1.png", name="ObjectRemoved:Delete"),
        s3_event("a/1.png", name="ObjectTagging:Put"),
        event_bridge(s3_detail("a/1.png"), "Object Deleted", "aws.s3"),
        {"Records": []},
    ],
)
def test_what_is_no_arrival_says_nothing(body: object) -> None:
    assert found(body) == []


@pytest.mark.parametrize("detail", [{}, {"bucket": "inbox", "object": {"key": "k"}}, {"bucket": {"name": "b"}}])
def test_an_event_bridge_event_without_bucket_and_key_is_unreadable(detail: object) -> None:
    assert wrong(event_bridge(detail, "Object Created", "aws.s3")).mistakes[0].field == "Records"


# Our own


@pytest.mark.parametrize("message", [Submit("abc")])
def test_our_own_messages_survive_the_queue(message: Submit) -> None:
    assert found(resume(message.job_id)) == [message]


def test_a_drop_to_be_looked_at_again_survives_the_queue_undecoded() -> None:
    drop = Drop("inbox", "veo-3-1/a+b %41é.png")
    assert found(drop_event(drop)) == [drop]


@pytest.mark.parametrize(
    "inside",
    [
        {},
        {"submit": 7},
        {"submit": ""},
        {"tend": "pixazo"},
        {"tend": "pixazo", "chain": "c"},
        {"bucket": "b"},
        {"key": "k"},
        {"bucket": "b", "key": ""},
        {"bucket": "", "key": "k"},
    ],
)
def test_what_only_looks_like_our_own_is_unreadable(inside: object) -> None:
    assert wrong({"dropreel": inside}).mistakes[0].field == "dropreel"


# Whatever a sender can write

ENVELOPES = ["dropreel", "Type", "Message", "MessageId", "detail-type", "detail", "source", "Event", "Records"]
INSIDE = ["submit", "tend", "s3", "bucket", "name", "object", "key", "eventName", "model", "input", "id", "output"]
WORDS = ["Notification", "aws.s3", "Object Created", "s3:TestEvent", "ObjectCreated:Put", "veo-3-1", "\ud800", "%zz"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(ENVELOPES + INSIDE), inner, max_size=5)
        | inner.map(lambda value: sns(value))
        | inner.map(lambda value: event_bridge(value, "Object Created", "aws.s3"))
    ),
    max_leaves=12,
)


@given(st.text())
@example('{"source":"aws.s3","detail":{},"detail-type":' + "[" * 900 + "]" * 900 + "}")
def test_no_text_makes_reading_fail(body: str) -> None:
    for message in read(body, "sqs-1"):
        assert isinstance(message, Message)


@given(ANYTHING)
def test_no_json_makes_reading_fail_and_only_s3_may_say_nothing(value: object) -> None:
    messages = found(value)
    assert all(isinstance(message, Message) for message in messages)
    if not isinstance(value, dict) or not ({"Records", "Event", "detail", "Message"} & value.keys()):
        assert len(messages) == 1


@pytest.mark.parametrize(
    ("told", "at"),
    [("2026-05-22T13:19:23.000Z", 1779455963.0), ("2026-05-22T13:19:23Z", 1779455963.0), ("soon", 0.0), (7, 0.0)],
)
def test_a_drop_knows_when_its_event_was(told: object, at: float) -> None:
    s3 = {"bucket": {"name": "inbox"}, "object": {"key": "veo-3-1/cat.png"}}
    (drop,) = found({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": told, "s3": s3}]})
    assert isinstance(drop, Drop)
    assert drop.at == at
    (same,) = found({"source": "aws.s3", "detail-type": "Object Created", "time": told, "detail": s3})
    assert isinstance(same, Drop)
    assert same.at == at
