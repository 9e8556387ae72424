"""Writes down what was asked and answered, before the answer goes out."""

from __future__ import annotations

import hmac
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from app.arms import Answered
from app.decoder import Columns
from app.served_model import ServedModel
from app.settings import WHEN_FULL_REFUSE, ServiceSettings
from core.errors import Fault, JournalUnavailable, SettingsError
from core.journal.records import Ids, Outcome, Prediction, Record, Shadow, encode, row_ids
from core.journal.shipper import Shipper
from core.journal.spool import Spool
from core.journal.sqlite import SqliteStore
from core.journal.store import JournalStore

# What stands for a value that is not to be written down; a missing one stays missing.
REDACTED = "*"
_SUBJECT_BYTES = 16
_LOG = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """
    What the journal keeps of a request beside its rows.

    Attributes:
        request_id: What the caller or the log calls it.
        started: When it began, by `time.perf_counter`.
        is_batch: Whether its rows have ids of their own.
        record: The id under which it is kept; None makes one.
        subject: Whom its rows are about, as the caller says; only its hash is kept.
        is_recorded: Whether it is kept at all.
    """

    request_id: str
    started: float
    is_batch: bool
    record: str | None = None
    subject: str | None = None
    is_recorded: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """
    What became of a request in the journal.

    Attributes:
        ids: One for each row.
        record: Under which it lies there; None if it was not written down.
    """

    ids: list[str]
    record: str | None


class Journal:
    """One process's journal: a spool, the store behind it, and what may be written."""

    def __init__(self, settings: ServiceSettings, model: ServedModel, *, note_unwritten: Callable[[], None]) -> None:
        """
        Args:
            settings: Of the service.
            model: That it serves.
            note_unwritten: Called for every request that is answered although it cannot be written down.

        Raises:
            SettingsError: if a feature that is not to be written down is none of the model's.
            JournalUnavailable: if spool or store cannot be opened.
        """
        _require_known(settings, model)
        self.store = _open_store(settings)
        self._note_unwritten = note_unwritten
        self.spool = Spool(settings.journal_dir / "spool", max_bytes=settings.journal_spool_bytes)
        self.shipper = Shipper(
            self.spool,
            self.store,
            retention_days=settings.journal_retention_days,
            every_s=settings.journal_ship_every_s,
        )
        self.ship_every_s = settings.journal_ship_every_s
        self._sample = settings.journal_sample
        self._is_strict = settings.journal_when_full == WHEN_FULL_REFUSE
        self._ids = Ids()
        self._subject_key = settings.subject_key.encode()
        self._kept = [
            (position, name, name in settings.journal_redact)
            for position, name in enumerate(model.contract.names)
            if name not in settings.journal_drop
        ]

    def new_id(self) -> str:
        """An id under which a request can be kept."""
        return self._ids.new()

    def record(self, request: Request, columns: Columns, answered: Answered) -> Written:
        """
        Write down rows and their answers.

        Raises:
            JournalUnavailable: if that is not possible and must be.
        """
        made = request.record or self._ids.new()
        ids = row_ids(made, columns.count) if request.is_batch else [made]
        if not request.is_recorded:
            return Written(ids=ids, record=None)
        if self._sample < 1 and random.random() >= self._sample:  # noqa: S311  # nothing secret hangs on it
            return Written(ids=ids, record=None)
        self._write(
            Prediction(
                id=made,
                at=time.time_ns() // 1000,
                tag=answered.tag,
                arm=answered.arm,
                fallback=answered.fallback,
                subject=self._hashed(request.subject),
                request_id=request.request_id,
                latency_us=int((time.perf_counter() - request.started) * 1e6),
                rows=columns.count,
                is_batch=request.is_batch,
                inputs=self._inputs(columns.values),
                answers=answered.scored.kept(),
                warnings=[(row, warning.field, warning.code) for row, warning in answered.scored.warnings],
            )
        )
        return Written(ids=ids, record=made)

    def add_shadows(self, tag: str, answers: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """
        Write down what a tag would have answered, all at once.

        Args:
            tag: Of the model that nobody was answered by.
            answers: Ids under which requests were written down, and what each would have got; at least one.

        Raises:
            JournalUnavailable: if that is not possible.
        """
        now = time.time_ns() // 1000
        records = (Shadow(id=record, at=now, tag=tag, answers=answer) for record, answer in answers)
        self.spool.append(b"\n".join(map(encode, records)))

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """
        Keep documents in the store, as `JournalStore.keep` does, and let every process know that it was written to.

        Raises:
            JournalUnavailable: if that is not possible.
        """
        self.store.keep(documents, at=time.time_ns() // 1000)
        self.spool.touch()

    def written_at(self) -> float:
        """When something was last written to the store, or may have been, by any process; in seconds since 1970."""
        return self.spool.touched_at()

    def report(self, reports: Sequence[tuple[str, str | float]]) -> None:
        """
        Write down outcomes, as pairs of a row's id and what turned out to be true.

        Raises:
            JournalUnavailable: if that is not possible.
        """
        now = time.time_ns() // 1000
        for prediction, value in reports:
            self.spool.append(encode(Outcome(id=self._ids.new(), at=now, prediction=prediction, value=value)))

    def _write(self, record: Record) -> None:
        try:
            self.spool.append(encode(record))
        except JournalUnavailable as error:
            if self._is_strict:
                raise
            self._note_unwritten()
            _LOG.error("an answer is not in the journal", problem=str(error))

    def _hashed(self, subject: str | None) -> str | None:
        if subject is None or not self._subject_key:
            return None
        return hmac.digest(self._subject_key, subject.encode(), "sha256")[:_SUBJECT_BYTES].hex()

    def _inputs(self, values: Sequence[Sequence[Any]]) -> dict[str, Sequence[Any]]:
        return {
            name: [None if value is None else REDACTED for value in values[position]]
            if is_redacted
            else values[position]
            for position, name, is_redacted in self._kept
        }

    def check(self) -> None:
        """
        Make sure that an answer could be written down, if it must be.

        Raises:
            JournalUnavailable: if not.
        """
        if self._is_strict:
            self.spool.check()


def _open_store(settings: ServiceSettings) -> JournalStore:
    if not settings.database_url:
        if settings.platform:
            _LOG.warning(
                "the journal will be lost: set DATABASE_URL, disks do not last here", platform=settings.platform
            )
        return SqliteStore(settings.journal_dir / "journal.db")
    from core.journal.postgres import PostgresStore  # noqa: PLC0415  # 9 MB that a single machine need not carry

    return PostgresStore(settings.database_url)


def _require_known(settings: ServiceSettings, model: ServedModel) -> None:
    """A misspelt name would be written down after all."""
    known = ", ".join(model.contract.names)
    faults = [
        Fault(place=variable, problem=f"{name!r} is no feature of {model.tag}; its features are {known}")
        for variable, wanted in (("JOURNAL_DROP", settings.journal_drop), ("JOURNAL_REDACT", settings.journal_redact))
        for name in sorted(wanted - set(model.contract.names))
    ]
    if faults:
        raise SettingsError("environment", faults)
