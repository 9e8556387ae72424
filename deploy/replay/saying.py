"""A replay in words and as a table, for people."""

from __future__ import annotations

from collections.abc import Iterator

from core.command import columns
from core.contract import Task
from core.experiment_policy import LOSSES
from core.summary import table
from deploy.replay.comparing import Figures, Quality
from deploy.replay.pairs import LEAST_GROUPS
from deploy.replay.replaying import Replay


def as_text(replay: Replay) -> str:
    """For a terminal."""
    return "\n".join([*sentences(replay), "", columns(_head(replay), _rows(replay))])


def as_markdown(replay: Replay) -> str:
    """For the page of a workflow run."""
    title = f"## Replay: {replay.challenger} on what {replay.champion} answered"
    # What callers sent must stay what it is.
    rows = [(f"`{place.replace('`', ' ')}`", *cells) for place, *cells in _rows(replay)]
    return "\n\n".join([title, *sentences(replay), table(_head(replay), rows)])


def sentences(replay: Replay) -> list[str]:
    """What was compared and what came of it, then what was left out."""
    whole = replay.comparison.whole
    return [_compared(replay, whole), _likeness(replay, whole), _judgement(replay, whole.quality), *_left_out(replay)]


def _compared(replay: Replay, whole: Figures) -> str:
    return (
        f"{replay.challenger} answered {whole.rows:,} rows that {replay.champion} answered from "
        f"{replay.first:%Y-%m-%d %H:%M} to {replay.last:%Y-%m-%d %H:%M} UTC."
    )


def _likeness(replay: Replay, whole: Figures) -> str:
    moved = whole.shift
    what, unit = "score", ""
    if _is_value(replay):
        what, unit = "value", f" {replay.unit}" if replay.unit else ""
        how = "cannot be said" if whole.correlation is None else f"is {whole.correlation:.3f}"
        within = f"within {replay.champion}'s {replay.level:.0%} interval" if replay.level else "within 5 % of it"
        begin = f"{whole.alike:.1%} of its values lie {within}; the correlation of the two {how}."
    else:
        begin = f"It gives {whole.alike:.1%} of them the same label."
    return (
        f"{begin} Its {what} is {moved.mean:+.4g}{unit} away on average and at most {moved.largest:.4g}{unit}; the two "
        f"distributions are {moved.distance:.3f} apart (Kolmogorov's distance, from 0 to 1)."
    )


def _judgement(replay: Replay, found: Quality | None) -> str:
    if found is None:
        return "Which of the two is right more often cannot be said: no outcome of these rows is known."
    lost = (
        f"On {found.rows:,} rows with an outcome {replay.challenger} lost {found.challenger:.4g} a row and "
        f"{replay.champion} {found.champion:.4g} ({replay.policy.loss}): a gain of {found.gain:+.4g}"
    )
    if found.low is None or found.high is None:
        return f"{lost}. An interval needs at least {LEAST_GROUPS} subjects, days or hours; this may be chance."
    return (
        f"{lost}, with 95 % confidence {found.low:+.4g} to {found.high:+.4g} (by {found.groups:,} {replay.groups}s). "
        f"{_verdict(found.low, found.high)}"
    )


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "The challenger would have done better."
    if high < 0:
        return "The challenger would have done worse."
    return "That may be chance."


def _left_out(replay: Replay) -> Iterator[str]:
    left = replay.left
    if left.others:
        tags = ", ".join(f"{tag} ({count:,})" for tag, count in left.others.items())
        yield f"Left out: {sum(left.others.values()):,} rows that other tags answered: {tags}."
    if left.cut:
        what = ", ".join(left.missing) or "values of the right kind"
        yield (
            f"{left.cut:,} rows cannot be scored, as the journal does not hold {what} of them (JOURNAL_DROP, "
            "JOURNAL_REDACT)."
        )
    if left.odd:
        yield f"{left.odd:,} rows have a score that is no number."
    if left.remembered and left.until:
        yield (
            f"{left.remembered:,} outcomes do not count, as their rows are not from after {left.until:%Y-%m-%d %H:%M}, "
            f"up to when {replay.challenger} was fitted: it may have learnt them."
        )


def _head(replay: Replay) -> tuple[str, ...]:
    within = "within interval" if replay.level else "within 5 %"
    alike = (within, "correlation") if _is_value(replay) else ("same label",)
    head = ("rows of", "rows", *alike, "mean shift", "largest", "distance")
    if replay.comparison.whole.quality is None:
        return head
    return (*head, "outcomes", "lost then", "would lose", "gain", "95 %")


def _rows(replay: Replay) -> list[tuple[str, ...]]:
    places = {"all": replay.comparison.whole} | {
        f"{feature}: {category}": figures for (feature, category), figures in replay.comparison.segments.items()
    }
    return [(place, *_row(replay, figures)) for place, figures in places.items()]


def _row(replay: Replay, figures: Figures) -> tuple[str, ...]:
    moved, found = figures.shift, figures.quality
    row = [f"{figures.rows:,}", f"{figures.alike:.1%}"]
    if _is_value(replay):
        row.append("-" if figures.correlation is None else f"{figures.correlation:.3f}")
    row += [f"{moved.mean:+.4g}", f"{moved.largest:.4g}", f"{moved.distance:.3f}"]
    if replay.comparison.whole.quality is None:
        return tuple(row)
    if found is None:
        return (*row, "0", "-", "-", "-", "-")
    interval = "-" if found.low is None else f"{found.low:+.4g} to {found.high:+.4g}"
    return (
        *row,
        f"{found.rows:,}",
        f"{found.champion:.4g}",
        f"{found.challenger:.4g}",
        f"{found.gain:+.4g}",
        interval,
    )


def _is_value(replay: Replay) -> bool:
    return replay.policy.loss in LOSSES[Task.REGRESSION]
