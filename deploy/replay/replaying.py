"""One replay: the newest rows of a journal, answered by a challenger, beside what was answered then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from core.bundle import Bundle
from core.contract import Contract, Row
from core.errors import ExperimentError, ServiceError
from core.experiment_policy import LOSSES, ExperimentPolicy
from core.intervals import Band
from core.registry import ModelRegistry
from core.service import Service
from core.tags import ModelTag
from deploy.experiments.losses import loss_of
from deploy.judging.journal import REDACTED, Line, newest, replayable
from deploy.replay.comparing import Comparison, compare
from deploy.replay.pairs import Pairs, pair
from deploy.replay.scoring import answers_of, fitted_until

# So many rows are read at most for each that is wanted: all count.
_MOST_FOR_ONE: Final = 3


class _Served(msgspec.Struct):
    tag: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """
    Rows that were left out.

    Attributes:
        others: Those that other tags answered, by tag.
        cut: Those of which the journal does not hold all that the challenger needs.
        missing: What it does not hold of them.
        odd: Those with a score that is no number.
        remembered: Those whose outcome is known and may be known to the challenger, too; only their quality is.
        until: Up to when the challenger knows outcomes; None if that is not known.
    """

    others: Mapping[str, int]
    cut: int
    missing: tuple[str, ...]
    odd: int
    remembered: int
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """
    What came of one.

    Attributes:
        champion: That answered the rows.
        challenger: That would have.
        policy: Has the loss that they are judged by.
        unit: Of the target; empty if it has none.
        level: Of the champion's intervals; None where it has none.
        first: When the oldest of the rows was answered.
        last: When the newest was.
        left: What was left out.
        groups: What rows were grouped by; empty if by nothing.
        comparison: Of all others.
    """

    champion: ModelTag
    challenger: ModelTag
    policy: ExperimentPolicy
    unit: str
    level: float | None
    first: datetime
    last: datetime
    left: Left
    groups: str
    comparison: Comparison


def replay(
    service: Service, registry: ModelRegistry, challenger: Bundle, policy: ExperimentPolicy, *, rows: int
) -> Replay:
    """
    Let a challenger answer what a service was asked last.

    Args:
        service: That the champion serves; its key has the scope admin.
        registry: Has the champion.
        challenger: Published or not.
        policy: Says by which loss and in which segments they are compared.
        rows: At most so many, the newest.

    Raises:
        ServiceError: if the journal cannot be read.
        ExperimentError: if there is nothing to compare, or the two cannot be compared.
        SlipwayError: if one of the bundles is damaged.
    """
    champion = registry.fetch(_serving(service))
    _require_comparable(champion, challenger, policy)
    lines = newest(service, rows, most_for_one=_MOST_FOR_ONE, has_outcomes=True)
    own = [line for line in lines if line.tag == str(champion.manifest.tag)]
    kept = [(line, row) for line in own if (row := _row(line, challenger.contract)) is not None]
    missing = _missing(own, challenger.contract) if len(kept) < len(own) else ()
    if not kept:
        raise ExperimentError(_nothing(service, champion, len(lines), len(own), missing))
    until = fitted_until(challenger)
    pairs = _pairs(champion, challenger, policy, kept, until)
    intervals = champion.manifest.intervals
    return Replay(
        champion=champion.manifest.tag,
        challenger=challenger.manifest.tag,
        policy=policy,
        unit=champion.contract.target.unit,
        level=intervals.level if intervals else None,
        first=kept[0][0].at,
        last=kept[-1][0].at,
        left=Left(
            others=dict(Counter(line.tag for line in lines if line.tag != str(champion.manifest.tag)).most_common()),
            cut=len(own) - len(kept),
            missing=missing,
            odd=len(kept) - len(pairs),
            remembered=sum(line.outcome is not None and not _is_judged(line, until) for line, _ in kept),
            until=until,
        ),
        groups=pairs.groups.name,
        comparison=compare(pairs, champion.contract.target.task),
    )


def _pairs(
    champion: Bundle,
    challenger: Bundle,
    policy: ExperimentPolicy,
    kept: Sequence[tuple[Line, Row]],
    until: datetime | None,
) -> Pairs:
    lines, rows = zip(*kept, strict=True)
    target, intervals = champion.contract.target, champion.manifest.intervals
    pairs = pair(
        lines,
        answers_of(challenger, rows),
        target=target,
        band=Band.of(intervals) if intervals else None,
        loss=loss_of(policy.loss, target),
        segments=policy.segments,
        is_judged=lambda line: _is_judged(line, until),
    )
    if not len(pairs):
        raise ExperimentError(f"none of {len(lines):,} rows has finite scores of both, so that nothing can be compared")
    return pairs


def _is_judged(line: Line, until: datetime | None) -> bool:
    """Whether the challenger cannot have been fitted on what became of a row."""
    return until is None or line.at > until


def _serving(service: Service) -> ModelTag:
    served = service.read(service.call("GET", "/v1/model").body, _Served)
    try:
        return ModelTag.parse(served.tag)
    except ValueError as error:
        raise ServiceError(f"{service.name}: says that it serves {served.tag[:60]!r}, which is no tag") from error


def _require_comparable(champion: Bundle, challenger: Bundle, policy: ExperimentPolicy) -> None:
    ours, theirs = champion.contract.target, challenger.contract.target
    if (ours.name, ours.task, ours.classes) != (theirs.name, theirs.task, theirs.classes):
        raise ExperimentError(
            f"{challenger.manifest.tag} predicts {theirs.name} ({theirs.task}), and {champion.manifest.tag} "
            f"{ours.name} ({ours.task}); only models of one target can be compared"
        )
    if policy.loss not in LOSSES[ours.task]:
        raise ExperimentError(
            f"the model file compares by {policy.loss}, and {champion.manifest.tag} is of the task {ours.task}; "
            "name its own by --model-file"
        )


def _row(line: Line, contract: Contract) -> Row | None:
    """The row as the challenger needs it, which may be less than the champion was sent; None if it is not whole."""
    return replayable({name: line.inputs[name] for name in contract.names if name in line.inputs}, contract)


def _missing(lines: Sequence[Line], contract: Contract) -> tuple[str, ...]:
    """Features that the journal does not hold of each row."""
    return tuple(
        name
        for name in contract.names
        if any(name not in line.inputs or line.inputs[name] == REDACTED for line in lines)
    )


def _nothing(service: Service, champion: Bundle, read: int, own: int, missing: Sequence[str]) -> str:
    tag = champion.manifest.tag
    if not read:
        return f"{service.name}: its journal is empty, so that there is nothing to replay; come back after some traffic"
    if not own:
        return f"{service.name}: {tag} answered none of its newest {read:,} rows; come back after some traffic"
    return (
        f"{service.name}: of the {own:,} rows that {tag} answered none can be scored, as the journal does not hold "
        f"{', '.join(missing) or 'values of the right kind'} of them; see JOURNAL_DROP and JOURNAL_REDACT"
    )
