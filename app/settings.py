"""What the service reads from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.ledger import DeploymentLedger, open_ledger
from core.registry import ModelRegistry, open_registry
from core.settings import DEFAULT_LEDGER, DEFAULT_REGISTRY, SettingsReader, names, one_of, whole_number
from core.tags import ModelTag

WHEN_FULL_REFUSE, WHEN_FULL_SERVE = "refuse", "serve"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """
    Settings of the service.

    Attributes:
        registry: MODEL_REGISTRY, where the model is fetched.
        ledger: DEPLOYMENT_LEDGER, where `python -m app serve` notes what serves.
        model_tag: MODEL_TAG; None serves the newest published tag, on a developer's machine only.
        host: HOST to listen on.
        port: PORT to listen on.
        workers: WEB_CONCURRENCY, processes of gunicorn.
        log_level: LOG_LEVEL.
        max_body_bytes: MAX_BODY_BYTES of a request.
        max_batch_rows: MAX_BATCH_ROWS of a batch.
        journal_dir: JOURNAL_DIR, where the journal and its spool lie.
        journal_spool_bytes: JOURNAL_SPOOL_BYTES that may wait to be shipped.
        journal_when_full: JOURNAL_WHEN_FULL, what becomes of a request that cannot be written down.
        journal_drop: JOURNAL_DROP, features that are never written down.
        journal_redact: JOURNAL_REDACT, features of which only is written down whether they were missing.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    model_tag: ModelTag | None
    host: str
    port: int
    workers: int
    log_level: str
    max_body_bytes: int
    max_batch_rows: int
    journal_dir: Path
    journal_spool_bytes: int
    journal_when_full: str
    journal_drop: frozenset[str]
    journal_redact: frozenset[str]

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> ServiceSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        settings = cls(
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, open_registry),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, open_ledger),
            model_tag=reader.read("MODEL_TAG", "", lambda text: ModelTag.parse(text) if text else None),
            host=reader.read("HOST", "127.0.0.1", str),
            port=reader.read("PORT", "8000", whole_number(1, 65535)),
            workers=reader.read("WEB_CONCURRENCY", "1", whole_number(1, 64)),
            log_level=reader.read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error")),
            max_body_bytes=reader.read("MAX_BODY_BYTES", "10000000", whole_number(1_000, 1_000_000_000)),
            max_batch_rows=reader.read("MAX_BATCH_ROWS", "10000", whole_number(1, 1_000_000)),
            journal_dir=reader.read("JOURNAL_DIR", ".slipway/journal", Path),
            journal_spool_bytes=reader.read("JOURNAL_SPOOL_BYTES", "100000000", whole_number(100_000, 100_000_000_000)),
            journal_when_full=reader.read("JOURNAL_WHEN_FULL", "refuse", one_of(WHEN_FULL_REFUSE, WHEN_FULL_SERVE)),
            journal_drop=reader.read("JOURNAL_DROP", "", names),
            journal_redact=reader.read("JOURNAL_REDACT", "", names),
        )
        reader.finish()
        return settings
