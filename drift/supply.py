"""Whether rows come at all."""

from __future__ import annotations

from datetime import UTC, datetime

from core.drift import Severity, Supply


def supply_of(newest: datetime | None, now: datetime, allowed_quiet_days: int, *, is_known: bool) -> Supply:
    """
    Judge the supply of rows.

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
    sentence = f"The newest row was answered on {newest:%Y-%m-%d at %H:%M} UTC"
    if is_quiet:
        usual = f"{allowed_quiet_days} in a row are usual" if allowed_quiet_days else "none is usual"
        sentence += f", so that complete days are without a row, of which {usual}"
    return Supply(
        severity=Severity.ALERT if is_quiet else Severity.OK,
        sentence=f"{sentence}.",
        newest=newest,
        quiet_days=quiet,
        allowed_quiet_days=allowed_quiet_days,
    )
