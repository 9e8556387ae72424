"""Model tags: one grammar, read and written by inverse functions, ordered as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tags import FIRST_TAG, Bump, ModelTag

PARTS = st.integers(min_value=0, max_value=999_999)
TAGS = st.builds(ModelTag, PARTS, PARTS, PARTS)

NOT_TAGS = [
    "",
    "v1.0.0",
    "1.0.0",
    "model-1.0.0",
    "model-v1.0",
    "model-v1.0.0.0",
    "model-v01.0.0",
    "model-v1.00.0",
    "model-v1.0.-1",
    "model-v1.0.0-rc1",
    "Model-v1.0.0",
    " model-v1.0.0",
    "model-v1.0.0\n",
    "model-v1.0.1000000",
    "model-v1٢.0.0",
    "model-v1.0.0/../model-v1.0.0",
]


@given(tag=TAGS)
def test_a_written_tag_is_read_back(tag: ModelTag) -> None:
    assert ModelTag.parse(str(tag)) == tag


@given(text=st.from_regex(r"model-v\d{1,3}\.\d{1,3}\.\d{1,3}", fullmatch=True))
def test_a_text_that_is_read_is_written_back_letter_for_letter(text: str) -> None:
    try:
        tag = ModelTag.parse(text)
    except ValueError:
        return
    assert str(tag) == text


@pytest.mark.parametrize("text", NOT_TAGS)
def test_any_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a model tag; one looks like model-v1\.4\.0"):
        ModelTag.parse(text)


@given(one=TAGS, other=TAGS)
def test_tags_are_ordered_as_their_numbers_are(one: ModelTag, other: ModelTag) -> None:
    first, second = (one.major, one.minor, one.patch), (other.major, other.minor, other.patch)
    assert (one < other, one <= other, one == other) == (first < second, first <= second, first == second)


def test_ten_comes_after_nine() -> None:
    tags = [ModelTag.parse(f"model-v{version}") for version in ("1.10.0", "2.0.0", "1.9.10", "1.9.9")]
    assert [str(tag) for tag in sorted(tags)] == ["model-v1.9.9", "model-v1.9.10", "model-v1.10.0", "model-v2.0.0"]


def test_equal_tags_are_one_key() -> None:
    assert {ModelTag(1, 2, 3), ModelTag.parse("model-v1.2.3")} == {ModelTag(1, 2, 3)}


def test_a_tag_is_not_equal_to_its_text() -> None:
    assert ModelTag(1, 2, 3) != "model-v1.2.3"


def test_a_tag_shows_its_numbers() -> None:
    assert repr(ModelTag(1, 2, 3)) == "ModelTag(1, 2, 3)"


@pytest.mark.parametrize(
    ("bump", "expected"),
    [(Bump.MAJOR, "model-v2.0.0"), (Bump.MINOR, "model-v1.5.0"), (Bump.PATCH, "model-v1.4.3")],
)
def test_a_bump_raises_one_part_and_clears_those_after_it(bump: Bump, expected: str) -> None:
    assert str(ModelTag(1, 4, 2).bumped(bump)) == expected


@given(tag=TAGS, bump=st.sampled_from(Bump))
def test_a_bumped_tag_is_newer(tag: ModelTag, bump: Bump) -> None:
    assert tag.bumped(bump) > tag


def test_the_first_tag_is_one() -> None:
    assert str(FIRST_TAG) == "model-v1.0.0"
