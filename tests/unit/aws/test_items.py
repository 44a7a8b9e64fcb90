"""Values in DynamoDB's form: what boto3 makes of them, and back."""

from __future__ import annotations

from decimal import Decimal, Inexact
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from dropreel.aws.items import deserialize, serialize
from dropreel.jobs import Status

_NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(-1000, 1000, places=6)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_VALUES)
def test_values_have_the_form_that_boto3_gives_them_and_come_back(value: Any) -> None:
    form: Any = serialize(value)
    assert deserialize(form) == TypeDeserializer().deserialize(form) == value
    assert TypeDeserializer().deserialize(TypeSerializer().serialize(value)) == value


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0.60", "0.6"),
        ("0.000000", "0"),
        ("-0", "0"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-2.50", "-2.5"),
        ("9" * 38, "9" * 38),
    ],
)
def test_numbers_have_the_form_in_which_dynamodb_hands_them_back(number: str, text: str) -> None:
    assert serialize(Decimal(number)) == {"N": text}


def test_statuses_and_tuples_have_forms_too() -> None:
    assert serialize((Status.HELD, 1)) == {"L": [{"S": "HELD"}, {"N": "1"}]}


@pytest.mark.parametrize("value", [1.5, b"x", {"a"}, object(), Decimal("NaN"), Decimal("Infinity"), [float("1")]])
def test_values_without_a_form_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="DynamoDB"):
        serialize(value)


def test_number_that_would_be_rounded_is_refused() -> None:
    with pytest.raises(Inexact):
        serialize(Decimal("1." + "1" * 40))


def test_form_that_nobody_writes_is_refused() -> None:
    with pytest.raises(TypeError, match="form SS"):
        deserialize({"SS": ["a"]})
