"""Where a tour of a page stops, and for how long; whatever its sections are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_MARGIN = 24
_SPEED = 900.0
_LEAST_GLIDE_S, _MOST_GLIDE_S, _LEAST_HOLD_S = 0.6, 2.5, 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """
    A page as a browser laid it out, in pixels.

    Attributes:
        headings: Where the sections begin, from the top.
        height: Of the page.
        view: Of what is seen of it at once.
    """

    headings: Sequence[float]
    height: float
    view: float

    def lowest(self) -> float:
        """How far down one can go."""
        return max(0.0, self.height - self.view)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A place on the page, how long the way there takes, and how long one stays, in seconds."""

    at: float
    glide_s: float
    hold_s: float


def plan(page: Page, *, length_s: float) -> list[Stop]:
    """
    From the top to each section; what is seen together with the stop before is no stop of its own.

    Args:
        page: Of any sections.
        length_s: For all of it; more if there are more stops than that allows.
    """
    places = [0.0]
    for heading in sorted(page.headings):
        place = below(page, heading)
        if place - places[-1] > page.view / 3:
            places.append(place)
    glides = [0.0, *(glide_s(end - begin) for begin, end in pairwise(places))]
    hold_s = max(_LEAST_HOLD_S, (length_s - sum(glides)) / len(places))
    return [Stop(at=place, glide_s=glide, hold_s=hold_s) for place, glide in zip(places, glides, strict=True)]


def below(page: Page, top: float) -> float:
    """How far down one goes to see what begins there."""
    return min(max(0.0, top - _MARGIN), page.lowest())


def glide_s(distance: float) -> float:
    """How long the way takes: a long one quicker, but never so quick that one loses one's place."""
    return min(max(abs(distance) / _SPEED, _LEAST_GLIDE_S), _MOST_GLIDE_S)


def glide(begin: float, end: float, steps: int) -> Iterator[float]:
    """The places on the way, the last included: slow, quick, slow."""
    for step in range(1, steps + 1):
        share = step / steps
        yield begin + (end - begin) * share * share * (3 - 2 * share)
