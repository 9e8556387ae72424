"""The JSON documents: equal values give equal bytes, and a wrong document is named with the place that is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import Document, from_json, to_json, to_json_line
from core.errors import ManifestError
from core.tags import ModelTag


class Note(Document, frozen=True, kw_only=True):
    """A document with one field of each kind that ours have."""

    text: str
    tag: ModelTag | None = None
    at: datetime | None = None
    numbers: tuple[float, ...] = ()
    counts: dict[str, int] = {}  # noqa: RUF012  # msgspec gives every document a copy of its own


NOTES = st.builds(
    Note,
    text=st.text(),
    tag=st.none() | st.builds(ModelTag, *[st.integers(0, 999_999)] * 3),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
    counts=st.dictionaries(st.text(), st.integers(0, 2**53)),
)

# What a file holds, the place that is named, what is said of it.
WRONG = [
    (b"", "content", "truncated"),
    (b'{"text": "a"', "content", "truncated"),
    (b'{"text": "a"} x', "content", "trailing characters"),
    (b"\xff", "content", "malformed"),
    (b'{"text": "\xff"}', "content", "utf-8"),
    (b"[]", "content", "Expected `object`, got `array`"),
    (b"[" * 100_000, "content", "Expected `object`"),
    (b"{}", "content", "missing required field `text`"),
    (b'{"text": "a", "txet": "b"}', "content", "unknown field `txet`"),
    (b'{"text": 1}', "text", "Expected `str`, got `int`"),
    (b'{"text": "a", "numbers": [1, "2"]}', "numbers[1]", "Expected `float`, got `str`"),
    (b'{"text": "a", "numbers": [NaN]}', "content", "malformed"),
    (b'{"text": "a", "numbers": [1e999]}', "numbers[0]", "out of range"),
    (b'{"text": "a", "tag": "v1"}', "tag", "'v1' is not a model tag"),
    (b'{"text": "a", "tag": 1}', "tag", "'1' is not a model tag"),
    (b'{"text": "a", "tag": ["model-v1.0.0"]}', "tag", "is not a model tag"),
    (b'{"text": "a", "at": "yesterday"}', "at", "RFC3339"),
]


@given(note=NOTES)
def test_a_written_document_is_read_back(note: Note) -> None:
    assert from_json(to_json(note), Note, source="note") == note
    assert from_json(to_json_line(note), Note, source="note") == note


@given(note=NOTES)
def test_a_document_that_was_read_is_written_as_it_was(note: Note) -> None:
    written = to_json(note)
    assert to_json(from_json(written, Note, source="note")) == written


@given(note=NOTES)
def test_a_line_is_one_line_whatever_it_holds(note: Note) -> None:
    line = to_json_line(note)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


def test_keys_are_sorted_and_indented_by_two_spaces() -> None:
    assert to_json({"b": ModelTag(1, 0, 0), "a": [1.5]}) == b'{\n  "a": [\n    1.5\n  ],\n  "b": "model-v1.0.0"\n}\n'


def test_the_order_in_which_a_value_was_built_does_not_show() -> None:
    assert to_json({"a": 1, "b": {"c": 2, "d": 3}}) == to_json({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize(("data", "place", "problem"), WRONG)
def test_a_wrong_document_is_named_with_the_place_that_is_wrong(data: bytes, place: str, problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        from_json(data, Note, source="note.json")
    (fault,) = caught.value.faults
    assert (caught.value.source, fault.place) == ("note.json", place)
    assert problem in fault.problem


def test_lists_nested_without_end_are_refused() -> None:
    with pytest.raises(ManifestError, match="recursion"):
        from_json(b"[" * 100_000, list[object], source="note.json")


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Note(text="a").text = "b"  # type: ignore[misc]  # this is what must fail


def test_a_value_without_json_form_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="complex has no JSON form"):
        to_json(1j)


def test_a_type_without_json_form_is_refused() -> None:
    with pytest.raises((NotImplementedError, msgspec.ValidationError), match="complex cannot be read from JSON"):
        from_json(b"1", complex, source="note.json")
