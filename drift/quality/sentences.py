"""What became of a model's quality, in sentences for somebody who knows no statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from core.contract import Target
from core.drift import Figure, SegmentQuality, Severity
from drift.phrases import number
from drift.quality.labelled import Labelled
from drift.quality.performance import HIGHER_IS_BETTER

_OPENINGS: Final[Mapping[Severity, str]] = {
    Severity.CRITICAL: "The model has become worse",
    Severity.WARNING: "The model has become a little worse",
    Severity.OK: "There is no sign that the model has become worse",
    Severity.ERROR: "There is nothing to compare the model's answers with",
}
_SHOWN_SEGMENTS: Final = 3


def conclusion(severity: Severity, figures: Mapping[str, Figure], target: Target) -> str:
    """The verdict, and the figures that it rests on."""
    return f"{_OPENINGS[severity]}: {'; '.join(_told(name, figure, target) for name, figure in figures.items())}."


def coverage(labelled: Labelled, *, needed: int | None = None) -> str:
    """Of how many predictions the outcome is known, and how many are needed where they are too few."""
    share = len(labelled) / labelled.predictions if labelled.predictions else 0.0
    text = f"The outcome is known of {len(labelled):,} of {labelled.predictions:,} predictions ({_percent(share)})"
    if needed is not None:
        text += f"; {needed:,} are needed to tell whether the model has become worse"
    return f"{text}."


def incomparable(figures: Mapping[str, Figure]) -> list[str]:
    """Why figures could not be compared, a sentence for each."""
    return [
        f"The bundle has no {name} of the holdout to compare with."
        if figure.baseline is None
        else f"These outcomes are too few or too much alike to define {name}."
        for name, figure in figures.items()
        if figure.worse_by is None
    ]


def much_worse(segments: Sequence[SegmentQuality]) -> list[str]:
    """Categories that stand out; nothing where none does."""
    if not segments:
        return []
    names = [f"{segment.column} is {segment.category!r}" for segment in segments[:_SHOWN_SEGMENTS]]
    more = len(segments) - len(names)
    return [f"It is much worse than on the holdout where {' or '.join(names)}{f' ({more} more)' if more else ''}."]


def _told(name: str, figure: Figure, target: Target) -> str:
    """A judged figure beside the holdout's."""
    if figure.value is None:
        return f"the {name} of {target.name!r} is not defined"
    text = f"{_what(name, target)} {_number(name, figure.value, target)}"
    if name in HIGHER_IS_BETTER:
        text += " of the time"
    elif name == "mae":
        text += " on average"
    if figure.baseline is None or figure.worse_by is None:
        return text
    before = "expected was" if name == "coverage" else "on the holdout it was"
    text += f"; {before} {_number(name, figure.baseline, target)}"
    if figure.worse_by_at_least is None or figure.worse_by_at_least <= 0:
        return text
    if name in HIGHER_IS_BETTER:
        return f"{text}, {100 * figure.worse_by:.1f} points less (at least {100 * figure.worse_by_at_least:.1f})"
    more, least = (_number(name, value, target) for value in (figure.worse_by, figure.worse_by_at_least))
    return f"{text}, {more} more (at least {least})"


def _what(name: str, target: Target) -> str:
    if name == "auc":
        return f"of a {target.classes[-1]!r} and another, the {target.classes[-1]!r} had the higher score"
    return {
        "accuracy": f"{target.name!r} was told right",
        "mae": f"{target.name!r} was missed by",
        "coverage": f"{target.name!r} lay between low and high",
        "rmse": f"the root mean squared error of {target.name!r}, in which large errors count more, was",
    }[name]


def _number(name: str, value: float, target: Target) -> str:
    if name in HIGHER_IS_BETTER:
        return _percent(value)
    return number(value) + (f" {target.unit}" if target.unit else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def misfit(labelled: Labelled, share: float) -> str:
    """That outcomes are no classes, and what would be right."""
    classes = ", ".join(f"'{name}'" for name in labelled.target.classes[:10])
    return f"{_percent(share)} of the outcomes are none of the classes, which are {classes}: see what is reported."
