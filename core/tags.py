"""Model tags: `model-vMAJOR.MINOR.PATCH`."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import total_ordering

_NUMBER = "(0|[1-9][0-9]{0,5})"
TAG_PATTERN = rf"^model-v{_NUMBER}\.{_NUMBER}\.{_NUMBER}$"
_GRAMMAR = re.compile(TAG_PATTERN[1:-1])


class Bump(StrEnum):
    """Which part of a tag a change moves."""

    MAJOR = "major"  # the contract changed
    MINOR = "minor"  # data or parameters did
    PATCH = "patch"  # only the packaging did


@total_ordering
class ModelTag:
    """
    A model version; ordered as numbers, so v1.10.0 comes after v1.9.0.

    Not a dataclass, because msgspec would write one as a JSON object instead of as text.
    """

    __slots__ = ("major", "minor", "patch")

    def __init__(self, major: int, minor: int, patch: int) -> None:
        self.major, self.minor, self.patch = major, minor, patch

    @classmethod
    def parse(cls, text: str) -> ModelTag:
        """
        The tag written as `text`; the inverse of `str`.

        Raises:
            ValueError: if `text` is not of the form model-vMAJOR.MINOR.PATCH.
        """
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a model tag; one looks like model-v1.4.0")
        return cls(*(int(part) for part in match.groups()))

    def _key(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelTag) and self._key() == other._key()

    def __lt__(self, other: object) -> bool:
        return self._key() < other._key() if isinstance(other, ModelTag) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"ModelTag({self.major}, {self.minor}, {self.patch})"

    def __str__(self) -> str:
        return f"model-v{self.major}.{self.minor}.{self.patch}"

    def bumped(self, bump: Bump) -> ModelTag:
        """The first tag after this one that differs in the given part."""
        if bump is Bump.MAJOR:
            return ModelTag(self.major + 1, 0, 0)
        if bump is Bump.MINOR:
            return ModelTag(self.major, self.minor + 1, 0)
        return ModelTag(self.major, self.minor, self.patch + 1)


FIRST_TAG = ModelTag(1, 0, 0)


def is_tag(text: str) -> bool:
    """Whether a text is a model tag."""
    return _GRAMMAR.fullmatch(text) is not None
