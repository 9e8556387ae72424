"""The issue of an experiment: one of four words, why, the figures, and a plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from core.experiment import Experiment, Reading
from core.github.alert import Alert
from core.summary import table
from deploy.experiments.readout import Evidence, Readout, Word

# A plot of more days has no room for their names.
_PLOTTED: Final = 30
_MIN_PLOTTED: Final = 2
_NEXT: Final = {
    Word.RUNNING: "Nothing is to be done; it is looked at again tomorrow.",
    Word.CHALLENGER: "Run the workflow *Deploy* with {challenger}, or `python -m deploy up {challenger}`.",
    Word.CHAMPION: "End it with `python -m deploy experiment stop`; {champion} goes on serving.",
    Word.BROKEN: "Find out what went wrong, end it with `python -m deploy experiment stop`, and begin another.",
}


def key_of(experiment: Experiment) -> str:
    """Names the issue of an experiment."""
    return f"experiment/{experiment.challenger}/{experiment.began:%Y-%m-%d}"


def alert_of(experiment: Experiment, readout: Readout, evidence: Evidence, *, acts: bool) -> Alert:
    """
    What is told of an experiment that goes on.

    Args:
        experiment: With its newest reading.
        readout: How it stands.
        evidence: By which.
        acts: Whether what follows is done by itself.
    """
    word = experiment.decided.word if experiment.decided else readout.word
    reason = experiment.decided.reason if experiment.decided else " ".join(readout.reasons)
    since = f", since {experiment.decided.at:%Y-%m-%d}" if experiment.decided else ""
    parts = [
        f"**{word}**{since}. {reason}",
        figures(experiment, evidence),
        plot(experiment.readings, str(experiment.policy.loss)),
        "What follows is done by itself." if acts and word != Word.RUNNING else _next(experiment, Word(word)),
        _rules(experiment),
    ]
    return Alert(
        key=key_of(experiment),
        title=f"{experiment.challenger} against {experiment.champion}: {word}",
        body="\n\n".join(filter(None, parts)),
        labels=("experiment",),
    )


def _rules(experiment: Experiment) -> str:
    policy = experiment.policy
    return (
        f"Judged by the mean {policy.loss} a row; a gain of {policy.margin:.0%} of the champion's "
        f"{experiment.champion_loss:.4g} is worth a change. All of that was fixed on {experiment.began:%Y-%m-%d}."
    )


def _next(experiment: Experiment, word: Word) -> str:
    return _NEXT[word].format(challenger=experiment.challenger, champion=experiment.champion)


def figures(experiment: Experiment, evidence: Evidence) -> str:
    """A table of both arms in Markdown."""
    units, latency = evidence.units, evidence.latency
    rows = []
    for is_challenger, tag in ((False, experiment.champion), (True, experiment.challenger)):
        mine = units.chosen(units.is_challenger == is_challenger)
        known = mine.rows.sum()
        new = sum(each.challenger if is_challenger else each.champion for each in evidence.splits)
        rows.append(
            (
                str(tag),
                f"{new:,}",
                f"{int(known):,}",
                f"{mine.loss.sum() / known:.4f}" if known else "-",
                f"{latency[is_challenger].p99_ms:.1f} ms" if latency and latency[is_challenger].rows else "-",
                f"{sum(evidence.fallbacks.values()):,}" if is_challenger else "",
            )
        )
    head = ("arm", "subjects", "rows with an outcome", f"{experiment.policy.loss} a row", "latency, p99", "fell back")
    return table(head, rows)


def plot(readings: Sequence[Reading], loss: str) -> str:
    """The challenger's gain by day, between its bounds, as GitHub draws it; nothing for less than two days."""
    known = [each for each in _thinned(readings) if each.value is not None]
    if len(known) < _MIN_PLOTTED:
        return ""
    # The bounds of the first days are so wide that nothing else could be seen.
    most = 3 * max(abs(end or 0.0) for each in known[len(known) // 2 :] for end in (each.low, each.high))
    days = ", ".join(f'"{each.at:%m-%d}"' for each in known)
    lines = [
        ", ".join(f"{min(max(end or 0.0, -most), most):.4g}" for end in ends)
        for ends in zip(*_ends(known), strict=True)
    ]
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'  title "{loss} that the challenger gains a row, and its bounds"',
            f"  x-axis [{days}]",
            f'  y-axis "gain" {-most:.4g} --> {most:.4g}',
            *(f"  line [{line}]" for line in lines),
            "```",
        ]
    )


def _ends(readings: Sequence[Reading]) -> Iterator[tuple[float | None, float | None, float | None]]:
    for each in readings:
        yield each.value, each.low, each.high


def _thinned(readings: Sequence[Reading]) -> list[Reading]:
    """Up to as many as can be plotted, evenly, with the newest."""
    step = -(-len(readings) // _PLOTTED)
    return [each for number, each in enumerate(reversed(readings)) if number % step == 0][::-1] if readings else []
