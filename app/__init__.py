"""The Flask service: serves one verified bundle."""

from __future__ import annotations

import os
from collections.abc import Callable

from flask import Flask
from flask.sessions import SessionInterface

from app import (
    about,
    access,
    accounting,
    arms,
    console,
    documentation,
    drift,
    errors,
    experiment,
    health,
    history,
    outcomes,
    packing,
    predict,
    shield,
    tracing,
)
from app.answering import Answering
from app.console.sources import Sources, meters_of
from app.experiments import Experiments
from app.journal import Journal
from app.keys import Scope
from app.lane import FastLane
from app.metrics import exposition
from app.metrics.kept import StoreCollector
from app.metrics.meters import Meters
from app.metrics.served import ServedCollector
from app.metrics.spool import SpoolCollector
from app.served_model import ServedModel
from app.settings import ServiceSettings
from app.shadow import load_shadow
from core.logs import configure_logs
from core.registry import ModelRegistry


def create_app(
    settings: ServiceSettings | None = None,
    *,
    registry: ModelRegistry | None = None,
    measure: Callable[[ServedModel], Meters] = Meters.of,
    trace: Callable[[ServiceSettings], tracing.Traces | None] = tracing.open_traces,
) -> Flask:
    """
    The service, its model fetched and its golden rows scored.

    Args:
        settings: By default from the environment.
        registry: By default the settings' own.
        measure: Makes what counts requests and answers.
        trace: Makes what traces requests.

    Raises:
        SlipwayError: if a setting is malformed or the model cannot be served.
    """
    settings = settings or ServiceSettings.from_env(os.environ)
    configure_logs(settings.log_level)
    opened = registry or settings.registry
    model = ServedModel.load(opened, settings.model_tag)
    challenger = arms.load_challenger(opened, model, settings)
    meters = measure(model)
    journal = Journal(settings, model, note_unwritten=meters.answers.note_unwritten)
    traces = trace(settings)
    app = _bare_app(settings)
    # What gunicorn's hooks begin and end.
    app.extensions |= {"journal": journal, "traces": traces, "meters": meters}
    errors.init_app(app)
    accounts = accounting.Accounts(model.tag, meters.requests, traces)
    sides = arms.Arms(model, challenger, key=settings.subject_key.encode())
    shadow = load_shadow(opened, model, settings, journal, meters.registry)
    experiments = Experiments(
        sides,
        journal,
        opened,
        budget_s=settings.challenger_budget_ms / 1000,
        seldom_s=settings.journal_ship_every_s,
    )
    experiments.start()
    answers = Answering(sides, journal, meters.answers, shadow=shadow, experiments=experiments, traces=traces)
    accounting.init_app(app, accounts)
    shared = (
        ServedCollector(sides, shadow, revision=settings.revision),
        SpoolCollector(journal.spool, every_s=journal.ship_every_s),
        StoreCollector(journal, limit_bytes=settings.journal_store_limit_bytes),
    )
    exposition.init_app(app, meters.registry, shared, is_one_of_many=bool(settings.metrics_dir))
    shield.init_app(app, settings)
    packing.init_app(app)
    entrance = access.Access(settings)
    access.init_app(app, entrance, _scopes(settings))
    app.register_blueprint(predict.blueprint(answers, settings))
    app.register_blueprint(outcomes.blueprint(model.contract.target, journal, max_rows=settings.max_batch_rows))
    app.register_blueprint(history.blueprint(journal))
    app.register_blueprint(drift.blueprint(journal))
    app.register_blueprint(experiment.blueprint(sides, experiments))
    app.register_blueprint(about.blueprint(model))
    app.register_blueprint(health.blueprint(model, journal))
    counts = meters_of(meters.registry, is_one_of_many=bool(settings.metrics_dir))
    seen = Sources(counts, journal, experiments, settings.ledger, store_limit=settings.journal_store_limit_bytes)
    app.register_blueprint(console.blueprint(model, entrance, settings, seen))
    documentation.init_app(app, model, max_batch_rows=settings.max_batch_rows)
    lane = FastLane(app.wsgi_app, answers, entrance, accounts, max_bytes=settings.max_body_bytes)
    app.wsgi_app = shield.believe_proxies(lane, settings.trusted_proxies)  # type: ignore[method-assign,assignment]  # as Flask's documentation says
    return app


def _bare_app(settings: ServiceSettings) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.session_interface = _NoSession()
    # Flask would redirect //path to a host that it takes from the request.
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    return app


def _scopes(settings: ServiceSettings) -> dict[str, frozenset[Scope] | None]:
    """What each blueprint's routes need; None lets everybody in."""
    reading = None if settings.has_public_docs else frozenset(Scope)
    return {
        "predict": frozenset({Scope.PREDICT}),
        "outcomes": frozenset({Scope.OUTCOMES}),
        "history": frozenset({Scope.ADMIN}),
        "drift": frozenset({Scope.ADMIN}),
        "experiment": frozenset({Scope.ADMIN}),
        "about": reading,
        "documentation": reading,
        "swagger_ui": reading,
        "health": None,
        # It refuses by itself, as a page.
        "console": None,
    }


class _NoSession(SessionInterface):
    """The API keeps no sessions, so no request pays for opening one."""

    def open_session(self, app: Flask, request: object) -> None:  # noqa: ARG002  # Flask calls it so
        return None
