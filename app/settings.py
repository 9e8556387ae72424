"""What the service reads from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from limits import RateLimitItem, parse

from app.keys import ApiKey, Scope, read_keys
from core.ledger import DeploymentLedger
from core.places import DEFAULT_LEDGER, DEFAULT_REGISTRY, is_on_github, open_ledger, open_registry
from core.registry import ModelRegistry
from core.settings import SettingsReader, names, one_of, whole_number
from core.tags import ModelTag

WHEN_FULL_REFUSE, WHEN_FULL_SERVE = "refuse", "serve"
_SECRET_LENGTH = 32
IN_MEMORY = "memory://"
# Whoever starts a service waits for it.
_PATIENCE_S = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """
    Settings of the service.

    Attributes:
        registry: MODEL_REGISTRY, where the model is fetched.
        ledger: DEPLOYMENT_LEDGER, where `python -m app serve` notes what serves.
        is_production: Whether APP_ENV is production; then unsafe settings are refused.
        challenger_tag: CHALLENGER_TAG, which answers a share of the subjects; None for no experiment.
        challenger_share: CHALLENGER_SHARE of the subjects.
        challenger_budget_ms: CHALLENGER_BUDGET_MS within which it has to score up to 1,000 rows.
        shadow_tag: SHADOW_TAG, which scores what others answer; None for no shadow.
        model_tag: MODEL_TAG; None serves the newest published tag, on a developer's machine only.
        host: HOST to listen on.
        port: PORT to listen on.
        workers: WEB_CONCURRENCY, processes of gunicorn.
        log_level: LOG_LEVEL.
        max_body_bytes: MAX_BODY_BYTES of a request.
        max_batch_rows: MAX_BATCH_ROWS of a batch.
        max_stream_bytes: MAX_STREAM_BYTES of a batch that comes one row a line.
        max_waiting_requests: MAX_WAITING_REQUESTS, beyond which a worker sends callers away.
        request_deadline_s: REQUEST_DEADLINE_S, within which a request must have been received, scored and answered.
        api_keys: API_KEYS; without any everybody is let in.
        has_public_docs: PUBLIC_DOCS, whether document, model and card are shown to those without a key.
        rate_limit: RATE_LIMIT of a key; None for no limit.
        rate_limit_storage: RATE_LIMIT_STORAGE, where requests are counted.
        cors_origins: CORS_ORIGINS, sites whose pages may call the service.
        trusted_proxies: TRUSTED_PROXIES, how many proxies in front add to X-Forwarded-For.
        metrics_port: METRICS_PORT, where metrics are shown without a key; None for none.
        metrics_dir: PROMETHEUS_MULTIPROC_DIR, where the processes of a server add up their metrics.
        traces_endpoint: OTEL_EXPORTER_OTLP_ENDPOINT, where traces go; empty for none.
        service_name: OTEL_SERVICE_NAME, what traces call the service.
        revision: SLIPWAY_REVISION, or on Render RENDER_GIT_COMMIT: the commit of the code; empty if not known.
        platform: Where disks do not last, by FLY_APP_NAME or RENDER_SERVICE_NAME; else empty.
        database_url: DATABASE_URL of the journal's Postgres; without one it is a SQLite file.
        journal_dir: JOURNAL_DIR, where the journal and its spool lie.
        journal_spool_bytes: JOURNAL_SPOOL_BYTES that may wait to be shipped.
        journal_ship_every_s: JOURNAL_SHIP_EVERY_S, between two times at which the spool is shipped; 0 for at once.
        journal_store_limit_bytes: JOURNAL_STORE_LIMIT_BYTES that the store may take; None where nothing limits it.
        journal_retention_days: JOURNAL_RETENTION_DAYS; None for ever.
        journal_sample: JOURNAL_SAMPLE, the share of requests that is written down.
        journal_when_full: JOURNAL_WHEN_FULL, what becomes of a request that cannot be written down.
        subject_key: SUBJECT_KEY, with which subjects are hashed; without one they are not written down.
        journal_drop: JOURNAL_DROP, features that are never written down.
        journal_redact: JOURNAL_REDACT, features of which only is written down whether they were missing.
    """

    registry: ModelRegistry
    ledger: DeploymentLedger
    is_production: bool
    model_tag: ModelTag | None
    challenger_tag: ModelTag | None
    challenger_share: float
    challenger_budget_ms: int
    shadow_tag: ModelTag | None
    host: str
    port: int
    workers: int
    log_level: str
    max_body_bytes: int
    max_batch_rows: int
    max_stream_bytes: int
    max_waiting_requests: int
    request_deadline_s: int
    api_keys: tuple[ApiKey, ...] = field(repr=False)
    has_public_docs: bool
    rate_limit: RateLimitItem | None
    rate_limit_storage: str = field(repr=False)
    cors_origins: frozenset[str]
    trusted_proxies: int
    metrics_port: int | None
    metrics_dir: str
    traces_endpoint: str = field(repr=False)
    service_name: str
    revision: str
    platform: str
    database_url: str = field(repr=False)
    journal_dir: Path
    journal_spool_bytes: int
    journal_ship_every_s: int
    journal_store_limit_bytes: int | None
    journal_retention_days: int | None
    journal_sample: float
    journal_when_full: str
    subject_key: str = field(repr=False)
    journal_drop: frozenset[str]
    journal_redact: frozenset[str]

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> ServiceSettings:
        """
        Raises:
            SettingsError: naming every malformed variable.
        """
        reader = SettingsReader(environment)
        opened = partial(open_registry, environment=environment, patience_s=_PATIENCE_S)
        is_production = reader.read("APP_ENV", "development", one_of("development", "production")) == "production"
        settings = cls(
            is_production=is_production,
            registry=reader.read("MODEL_REGISTRY", DEFAULT_REGISTRY, opened),
            ledger=reader.read("DEPLOYMENT_LEDGER", DEFAULT_LEDGER, partial(open_ledger, environment=environment)),
            model_tag=reader.read("MODEL_TAG", "", _tag),
            challenger_tag=reader.read("CHALLENGER_TAG", "", _tag),
            shadow_tag=reader.read("SHADOW_TAG", "", _tag),
            challenger_share=reader.read("CHALLENGER_SHARE", "0", _share),
            challenger_budget_ms=reader.read("CHALLENGER_BUDGET_MS", "250", whole_number(1, 60_000)),
            host=reader.read("HOST", "127.0.0.1", str),
            port=reader.read("PORT", "8000", whole_number(1, 65535)),
            workers=reader.read("WEB_CONCURRENCY", "1", whole_number(1, 64)),
            log_level=reader.read("LOG_LEVEL", "info", one_of("debug", "info", "warning", "error")),
            max_body_bytes=reader.read("MAX_BODY_BYTES", "10000000", whole_number(1_000, 1_000_000_000)),
            max_batch_rows=reader.read("MAX_BATCH_ROWS", "10000", whole_number(1, 1_000_000)),
            max_stream_bytes=reader.read("MAX_STREAM_BYTES", "200000000", whole_number(1_000, 100_000_000_000)),
            max_waiting_requests=reader.read("MAX_WAITING_REQUESTS", "64", whole_number(1, 10_000)),
            request_deadline_s=reader.read("REQUEST_DEADLINE_S", "120", whole_number(1, 3600)),
            api_keys=reader.read("API_KEYS", "", read_keys, is_secret=True),
            has_public_docs=reader.read("PUBLIC_DOCS", "", partial(_yes_or_no, default=not is_production)),
            rate_limit=reader.read("RATE_LIMIT", "", _rate),
            rate_limit_storage=reader.read("RATE_LIMIT_STORAGE", "memory://", _storage, is_secret=True),
            cors_origins=reader.read("CORS_ORIGINS", "", names),
            trusted_proxies=reader.read("TRUSTED_PROXIES", "0", whole_number(0, 9)),
            metrics_dir=reader.read("PROMETHEUS_MULTIPROC_DIR", "", str),
            metrics_port=reader.read("METRICS_PORT", "", _port),
            traces_endpoint=reader.read("OTEL_EXPORTER_OTLP_ENDPOINT", "", _endpoint, is_secret=True),
            service_name=reader.read("OTEL_SERVICE_NAME", "slipway", str),
            revision=reader.read("SLIPWAY_REVISION", "", str) or reader.read("RENDER_GIT_COMMIT", "", str),
            platform=reader.read("FLY_APP_NAME", "", str) or reader.read("RENDER_SERVICE_NAME", "", str),
            database_url=reader.read("DATABASE_URL", "", _database, is_secret=True),
            journal_dir=reader.read("JOURNAL_DIR", ".slipway/journal", Path),
            journal_spool_bytes=reader.read("JOURNAL_SPOOL_BYTES", "100000000", whole_number(100_000, 100_000_000_000)),
            journal_ship_every_s=reader.read("JOURNAL_SHIP_EVERY_S", "0", whole_number(0, 86_400)),
            journal_store_limit_bytes=reader.read("JOURNAL_STORE_LIMIT_BYTES", "", _size),
            journal_retention_days=reader.read("JOURNAL_RETENTION_DAYS", "", _days),
            journal_sample=reader.read("JOURNAL_SAMPLE", "1", _share),
            journal_when_full=reader.read("JOURNAL_WHEN_FULL", "refuse", one_of(WHEN_FULL_REFUSE, WHEN_FULL_SERVE)),
            subject_key=reader.read("SUBJECT_KEY", "", _secret, is_secret=True),
            journal_drop=reader.read("JOURNAL_DROP", "", names),
            journal_redact=reader.read("JOURNAL_REDACT", "", names),
        )
        if settings.metrics_port == settings.port:
            reader.refuse("METRICS_PORT", "takes another port than PORT")
        if settings.model_tag is None and is_on_github(settings.registry):
            reader.refuse("MODEL_TAG", f"names the tag to serve of {settings.registry}; python -m ml tags lists them")
        if settings.challenger_tag is not None:
            _refuse_unfair(reader, settings)
        if settings.shadow_tag is not None and settings.shadow_tag == settings.model_tag:
            reader.refuse("SHADOW_TAG", "takes another tag than MODEL_TAG")
        if is_production:
            _refuse_unsafe(reader, settings)
        reader.finish()
        return settings


def _refuse_unsafe(reader: SettingsReader, settings: ServiceSettings) -> None:
    if not any(Scope.PREDICT in key.scopes for key in settings.api_keys):
        reader.refuse("API_KEYS", "APP_ENV=production needs a key of scope predict; python -m app keys new makes one")
    if settings.model_tag is None:
        reader.refuse("MODEL_TAG", "APP_ENV=production needs a tag, or a restart could change the model")
    if settings.log_level == "debug":
        reader.refuse("LOG_LEVEL", "APP_ENV=production takes info, warning or error")
    if "*" in settings.cors_origins:
        reader.refuse("CORS_ORIGINS", "APP_ENV=production takes the sites by name, not *")


def _refuse_unfair(reader: SettingsReader, settings: ServiceSettings) -> None:
    if settings.model_tag is None:
        reader.refuse("MODEL_TAG", "CHALLENGER_TAG needs a tag to be compared with, or a restart could change it")
    if settings.challenger_tag == settings.model_tag:
        reader.refuse("CHALLENGER_TAG", "takes another tag than MODEL_TAG")
    if not settings.subject_key:
        problem = "CHALLENGER_TAG needs a secret by which subjects are assigned, such as openssl rand -hex 32 prints"
        reader.refuse("SUBJECT_KEY", problem)


def _tag(text: str) -> ModelTag | None:
    return ModelTag.parse(text) if text else None


def _yes_or_no(text: str, *, default: bool) -> bool:
    return one_of("yes", "no")(text) == "yes" if text else default


def _rate(text: str) -> RateLimitItem | None:
    try:
        return parse(text) if text else None
    except ValueError as error:
        raise ValueError("takes a rate such as 600/minute or 10/second") from error


def _endpoint(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("takes an address, http://... or https://...")
    return text


def _port(text: str) -> int | None:
    return whole_number(1, 65535)(text) if text else None


def _size(text: str) -> int | None:
    return whole_number(1_000_000, 10**15)(text) if text else None


def _days(text: str) -> int | None:
    return whole_number(1, 36_500)(text) if text else None


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ValueError("takes a share from 0 to 1")
    return share


def _secret(text: str) -> str:
    if text and len(text) < _SECRET_LENGTH:
        raise ValueError(f"takes a secret of at least {_SECRET_LENGTH} characters, such as openssl rand -hex 32 prints")
    return text


def _database(text: str) -> str:
    if text and not text.startswith(("postgres://", "postgresql://")):
        raise ValueError("takes the URL of a Postgres, postgresql://...")
    return text


def _storage(text: str) -> str:
    if text == IN_MEMORY or (text.startswith(("redis://", "rediss://")) and _is_url_of_redis(text)):
        return text
    raise ValueError("takes memory:// or the URL of a Redis, redis://..., a password in it percent-encoded")


def _is_url_of_redis(text: str) -> bool:
    """Whether the client understands it; what it says of one that it does not may hold a part of the password."""
    from redis import ConnectionPool  # noqa: PLC0415  # 8 MB that those without a Redis need not carry

    try:
        ConnectionPool.from_url(text).make_connection()
    except (TypeError, ValueError):
        return False
    return True
