"""What a model answers, in words and numbers for people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from app.console.words import number, with_unit
from app.served_model import Answer
from core.contract import Target, Task
from core.manifest import Intervals, Manifest
from core.reference import DISAGREEMENT, Knots

# Of more classes the likeliest are shown.
_MAX_BARS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A class and its probability."""

    name: str
    share: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """What a member says of the label, or its value."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """
    One answer.

    Attributes:
        headline: The label, or the value with its unit.
        note: How sure that is, in a sentence; may be empty.
        bars: Probabilities, the largest first.
        omitted: Classes beyond those.
        members: Each member's own score; empty where there is one member only.
        agreement: How far these lie apart, in a sentence; empty likewise.
        warnings: What training did not see.
    """

    headline: str
    note: str
    bars: tuple[Bar, ...]
    omitted: int
    members: tuple[Opinion, ...]
    agreement: str
    warnings: tuple[str, ...]


def show_answer(answer: Answer, target: Target, manifest: Manifest, usual: Knots | None = None) -> Shown:
    """
    An answer as the page shows it.

    Args:
        answer: With its members, where they are to be shown.
        target: What is predicted.
        manifest: Of the model.
        usual: How far its members lay apart on the holdout; None where that is not known.
    """
    # As a caller gets it, so that a field which only some models fill is there or is not.
    found = msgspec.to_builtins(answer)
    bars: tuple[Bar, ...] = ()
    if target.task is Task.REGRESSION:
        headline, note = with_unit(number(found["value"]), target.unit), _between(found, target, manifest.intervals)
    elif target.task is Task.BINARY:
        headline, bars = found["label"], (_bar(target.classes[1], found["score"]),)
        threshold = manifest.threshold
        note = "" if threshold is None else f"The answer is {target.classes[1]} from {threshold.value:.1%} on."
    else:
        headline, note = found["label"], ""
        bars = tuple(_bar(name, share) for name, share in sorted(found["scores"].items(), key=lambda item: -item[1]))
    return Shown(
        headline=headline,
        note=note,
        bars=bars[:_MAX_BARS],
        omitted=max(0, len(bars) - _MAX_BARS),
        members=_opinions(found, target),
        agreement=_agreement(found, target, usual),
        warnings=tuple(warning["message"] for warning in found["warnings"]),
    )


def _opinions(found: dict[str, Any], target: Target) -> tuple[Opinion, ...]:
    members = found.get("members", {})
    if len(members) < 2:
        return ()
    if target.task is Task.REGRESSION:
        return tuple(Opinion(name=name, text=with_unit(number(value), target.unit)) for name, value in members.items())
    label = found["label"] if target.task is Task.MULTICLASS else target.classes[1]
    shares = {name: own[label] if isinstance(own, dict) else own for name, own in members.items()}
    return tuple(Opinion(name=name, text=f"{label}: {share:.1%}") for name, share in shares.items())


def _agreement(found: dict[str, Any], target: Target, usual: Knots | None) -> str:
    if len(found.get("members", {})) < 2:
        return ""
    # Of several classes it is no difference of single probabilities.
    apart = number(found[DISAGREEMENT])
    apart = with_unit(apart, target.unit) if target.task is Task.REGRESSION else apart
    text = f"The members lie {apart} apart (standard deviation)"
    if usual is None:
        return f"{text}."
    share = math.floor(100 * usual.share_below(found[DISAGREEMENT]))
    more = f"more than for {share} % of the holdout rows" if share else "no more than for any of the holdout rows"
    return f"{text}, {more}."


def _between(found: dict[str, float], target: Target, intervals: Intervals | None) -> str:
    if intervals is None:
        return ""
    ends = f"{number(found['low'])} and {with_unit(number(found['high']), target.unit)}"
    return f"In {100 * intervals.level:g} % of rows like those of training, {target.name} lies between {ends}."


def _bar(name: str, share: float) -> Bar:
    return Bar(name=name, share=share, text=f"{share:.1%}")
