"""What can be wrong with a model line, each with an issue of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.drift import Severity


class Kind(StrEnum):
    """What an issue is about."""

    DRIFT = "drift"
    DEGRADATION = "degradation"
    NO_DATA = "no-data"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """
    How one kind of trouble stands.

    Attributes:
        line: The model line, such as `model`.
        kind: Of the trouble.
        severity: Of the newest window.
        columns: The columns, figures or nothing that it is about, sorted.
        since: The end of the first window that was alarming; None while none is.
        clean_windows: The newest windows in a row that were not alarming.
    """

    line: str
    kind: Kind
    severity: Severity
    columns: tuple[str, ...]
    since: datetime | None
    clean_windows: int
