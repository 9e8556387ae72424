"""A published model of each task, the app that serves it, and a client to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import ServiceSettings
from core.bundle import Bundle
from core.contract import Task
from core.registry import DirectoryRegistry
from tests.factories import make_bundle, make_graph


@pytest.fixture
def task() -> Task:
    """What the served model predicts; a test that wants another parametrizes it."""
    return Task.BINARY


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The service's variables, with limits that a test can reach."""
    return {"MAX_BODY_BYTES": "100000", "MAX_BATCH_ROWS": "200", "JOURNAL_DIR": str(tmp_path / "journal")}


@pytest.fixture
def bundle(tmp_path: Path, task: Task) -> Bundle:
    return make_bundle(tmp_path / "bundle", task)


@pytest.fixture
def registry(tmp_path: Path, bundle: Bundle) -> DirectoryRegistry:
    registry = DirectoryRegistry(tmp_path / "registry")
    registry.publish(bundle)
    return registry


@pytest.fixture
def challenger(tmp_path: Path, task: Task) -> Bundle:
    """Another model of the same contract, not published, whose scores are others."""
    return make_bundle(tmp_path / "challenger", task, "model-v1.1.0", graph=make_graph(task, slope=0.05))


@pytest.fixture
def app(registry: DirectoryRegistry, environment: dict[str, str]) -> Iterator[Flask]:
    yield create_app(ServiceSettings.from_env(environment), registry=registry)
    structlog.reset_defaults()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
