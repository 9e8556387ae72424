"""Whether rows come at all."""

from __future__ import annotations

from datetime import UTC, datetime

from core.drift import Severity, Supply


def supply_of(newest: datetime | None, now: datetime, allowed_quiet_days: int, *, is_known: bool) -> Supply:
    """
    Judge the supply of rows.

    The sentence names no time: reports show that of the newest row beside it.

    Args:
        newest: When the newest row was answered; None if there is none.
        now: UTC.
        allowed_quiet_days: Complete days without a row that are usual.
        is_known: Whether there were rows at an earlier check.
    """
    if newest is None:
        severity = Severity.ALERT if is_known else Severity.INSUFFICIENT_DATA
        sentence = "The journal is empty, and was not before." if is_known else "The journal holds no row yet."
        return Supply(
            severity=severity, sentence=sentence, newest=None, quiet_days=0, allowed_quiet_days=allowed_quiet_days
        )
    quiet = max((now.astimezone(UTC).date() - newest.astimezone(UTC).date()).days - 1, 0)
    is_quiet = quiet > allowed_quiet_days
    return Supply(
        severity=Severity.ALERT if is_quiet else Severity.OK,
        sentence=_quiet(allowed_quiet_days) if is_quiet else "Rows come as usual.",
        newest=newest,
        quiet_days=quiet,
        allowed_quiet_days=allowed_quiet_days,
    )


def _quiet(allowed_days: int) -> str:
    if not allowed_days:
        return "No row comes any more; a complete day without one is not usual."
    usual = "a complete day without one is" if allowed_days == 1 else f"{allowed_days} complete days without one are"
    return f"No row comes any more; up to {usual} usual."
