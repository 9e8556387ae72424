"""Decides what an issue is to say of a condition, and when it is to say so aloud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from core.documents import Document
from core.drift import Severity
from drift.alerts.conditions import Condition, Kind
from drift.phrases import code

CLEAN_WINDOWS: Final = 2
_CLOSING: Final = (
    "The last two windows were not alarming. This issue is closed; it is opened again when one is alarming again."
)
_FORGOTTEN: Final = "Somebody has edited this text, so it is not known whether a training was started; none is."
# More are compared by nobody, and must leave room for the text.
_COLUMNS: Final = 100


class State(Document, frozen=True, kw_only=True):
    """
    What an issue has told, kept unseen in its body.

    Attributes:
        severity: The last that was alarming.
        columns: What it was about, sorted; of very many the first hundred.
        training: What became of the training that was asked for; empty where that is unknown, None if none was.
        since: The day on which the first window ended that was alarming, such as 2026-06-08; None if it is not known.
    """

    severity: Severity
    columns: tuple[str, ...]
    training: str | None = None
    since: str | None = None


class Step(StrEnum):
    """What is to be done with an issue."""

    NOTHING = "nothing"
    WRITE = "write"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """
    What is to be told.

    Attributes:
        step: What is to be done; WRITE opens the issue where it is not open.
        state: To be kept in the body; None where that is not written.
        comment: To be added before; empty for none.
        remark: To be said above the body; empty for none.
        asks_for_training: Whether a training is to be started, once the body says that it was asked for.
    """

    step: Step
    state: State | None = None
    comment: str = ""
    remark: str = ""
    asks_for_training: bool = False


def decide(condition: Condition, before: State | None, *, is_open: bool | None, may_train: bool) -> Decision:
    """
    Decide what to tell of a condition.

    Args:
        condition: How things stand.
        before: What the issue has told; None where that is not known.
        is_open: Whether the issue is; None if there is none yet.
        may_train: Whether a critical condition starts a training.
    """
    if condition.severity.is_alarming:
        return _alarm(condition, before, is_open=is_open, may_train=may_train)
    if not is_open:
        return Decision(step=Step.NOTHING)
    if condition.clean_windows >= CLEAN_WINDOWS:
        return Decision(step=Step.CLOSE, comment=_CLOSING)
    state = before or State(severity=Severity.ALERT, columns=(), training="")
    return Decision(step=Step.WRITE, state=state, remark=_recovery(condition))


def _alarm(condition: Condition, before: State | None, *, is_open: bool | None, may_train: bool) -> Decision:
    state = State(severity=condition.severity, columns=condition.columns[:_COLUMNS], since=_since(condition))
    is_critical = condition.severity is Severity.CRITICAL
    if is_open and before is None:
        # Rather no training than one each day.
        state = msgspec.structs.replace(state, training=_FORGOTTEN if is_critical and may_train else "")
    elif before is not None and (is_open or _is_same(condition, before)):
        state = msgspec.structs.replace(state, training=before.training)
    # Rows that do not come teach a model nothing.
    asks = may_train and is_critical and state.training is None and condition.kind is not Kind.NO_DATA
    return Decision(
        step=Step.WRITE,
        state=msgspec.structs.replace(state, training="") if asks else state,
        comment=_comment(before, state, is_open=is_open),
        asks_for_training=asks,
    )


def _since(condition: Condition) -> str | None:
    return f"{condition.since:%Y-%m-%d}" if condition.since else None


def _is_same(condition: Condition, before: State) -> bool:
    """Whether it never got better since, so that a person must have closed the issue."""
    return before.since is not None and before.since == _since(condition)


def _comment(before: State | None, now: State, *, is_open: bool | None) -> str:
    if is_open is None:
        return ""
    if not is_open:
        since = f" since {now.since}" if now.since else ""
        columns = f", in {_named(now.columns)}" if now.columns else ""
        return f"It is back{since}: {now.severity}{columns}."
    return "" if before is None else " ".join(_changes(before, now))


def _changes(before: State, now: State) -> Iterable[str]:
    if before.severity is not now.severity:
        yield f"The severity is {now.severity} now, after {before.severity}."
    for said, columns, others in (("New", now, before), ("No longer", before, now)):
        found = [name for name in columns.columns if name not in others.columns]
        if found:
            yield f"{said}: {_named(found)}."


def _named(columns: Iterable[str]) -> str:
    return ", ".join(map(code, columns))


def _recovery(condition: Condition) -> str:
    left = CLEAN_WINDOWS - condition.clean_windows
    windows = "one more window that is not alarming" if left == 1 else f"{left} more windows that are not alarming"
    return f"The newest window is not alarming. This issue is closed after {windows}."
