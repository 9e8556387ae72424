"""What the `drift` commands read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

from core.errors import Fault, SettingsError
from core.github.client import GitHub
from core.places import DEFAULT_REGISTRY, open_alerts, open_registry
from core.registry import ModelRegistry
from core.settings import SettingsReader, day, service_key
from drift.rows import Source
from drift.sources import DATABASE_URL, SERVICE_KEY, open_source

# As the service names it.
_JOURNAL = "journal.db"


@dataclass(frozen=True, kw_only=True, slots=True)
class DriftSettings:
    """
    Settings of this process.

    Attributes:
        registry: MODEL_REGISTRY, where the references of the tags are.
        source: DRIFT_SOURCE, where the rows are; None if nothing says so, and there is nothing to check.
        service_key: SERVICE_KEY that is sent to a service; empty for none.
        database_url: DATABASE_URL of the journal's Postgres.
        folder: DRIFT_DIR, where reports go, and what is to be remembered of rows that come from a file.
        alerts: DRIFT_ALERTS, the repository whose issues tell what was found; None for none.
        as_of: AS_OF, the day that stands for today; None for today.
    """

    registry: ModelRegistry
    source: str | None = field(repr=False)
    service_key: str = field(repr=False)
    database_url: str = field(repr=False)
    folder: Path
    alerts: GitHub | None
    as_of: date | None

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> DriftSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        database_url = reader.read("DATABASE_URL", "", str, is_secret=True)
        journal_dir = reader.read("JOURNAL_DIR", ".slipway/journal", Path)
        # A runner's disk is new in every run, so that a journal on it would be nobody's.
        has_journal = reader.read("GITHUB_ACTIONS", "", str) != "true"
        own = f"sqlite:{journal_dir / _JOURNAL}" if has_journal else None
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, partial(open_registry, environment=environment)),
            source=reader.read("DRIFT_SOURCE", "", str) or ("database" if database_url else own),
            service_key=reader.read("SERVICE_KEY", "", service_key, is_secret=True),
            database_url=database_url,
            folder=reader.read("DRIFT_DIR", ".slipway/drift", Path),
            alerts=reader.read("DRIFT_ALERTS", "", partial(open_alerts, environment=environment)),
            as_of=reader.read("AS_OF", "", day),
        )
        reader.finish()
        return settings

    def open_rows(self, *, tag: str | None = None, time_column: str | None = None) -> Source | None:
        """
        The source of the rows, or None if there is nothing to check.

        Args:
            tag: See `open_source`.
            time_column: See `open_source`.

        Raises:
            SettingsError: if DRIFT_SOURCE names none.
            JournalUnavailable: if a SQLite file cannot be opened.
        """
        if self.source is None:
            return None
        secrets = {SERVICE_KEY: self.service_key, DATABASE_URL: self.database_url}
        try:
            return open_source(self.source, secrets, folder=self.folder, tag=tag, time_column=time_column)
        except ValueError as error:
            # What was found may hold a password.
            raise SettingsError("environment", [Fault(place="--source or DRIFT_SOURCE", problem=str(error))]) from error

    def moment(self, now: datetime) -> datetime:
        """What counts as now: the midnight, UTC, with which the day of AS_OF begins, or else what the clock says."""
        return now if self.as_of is None else datetime.combine(self.as_of, time(), UTC)
