"""What a process does about the experiment that it finds in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.arms import Arms
from app.experiments import Experiments
from app.served_model import ServedModel
from core.documents import to_json_line
from core.experiment import EXPERIMENT_NAME, Experiment, Phase
from core.journal.sqlite import SqliteStore
from core.registry import DirectoryRegistry
from tests.experiments import BEGAN, CHALLENGER, CHAMPION, make_experiment
from tests.factories import make_bundle


@pytest.fixture
def registry(tmp_path: Path) -> DirectoryRegistry:
    registry = DirectoryRegistry(tmp_path / "registry")
    for tag in (CHAMPION, CHALLENGER):
        registry.publish(make_bundle(tmp_path / str(tag), tag=str(tag)))
    return registry


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "journal.db")
    yield store
    store.close()


@dataclass(frozen=True)
class Kept:
    """A journal of which only its documents matter."""

    store: SqliteStore

    def keep(self, documents: Mapping[str, bytes]) -> None:
        self.store.keep(documents, at=time.time_ns() // 1000)


@pytest.fixture
def arms(registry: DirectoryRegistry) -> Arms:
    return Arms(ServedModel.load(registry, CHAMPION), None, key=b"k" * 32)


@pytest.fixture
def experiments(arms: Arms, store: SqliteStore, registry: DirectoryRegistry) -> Experiments:
    return Experiments(arms, Kept(store), registry, budget_s=1.0)


def keep(store: SqliteStore, experiment: Experiment) -> None:
    """As another process does."""
    store.keep({EXPERIMENT_NAME: to_json_line(experiment)}, at=time.time_ns() // 1000)


def test_a_share_that_grows_keeps_the_model_that_is_there(
    arms: Arms, experiments: Experiments, store: SqliteStore
) -> None:
    keep(store, make_experiment(share=0.2))
    experiments.look()
    assert arms.challenger is not None
    model = arms.challenger.model
    phases = (Phase(share=0.2, since=BEGAN), Phase(share=0.6, since=BEGAN + timedelta(days=1)))
    keep(store, make_experiment(phases=phases))
    experiments.look()
    assert arms.challenger.model is model
    assert arms.challenger.share == 0.6


def test_what_cannot_be_followed_ends_what_was(
    arms: Arms, experiments: Experiments, store: SqliteStore, registry: DirectoryRegistry, tmp_path: Path
) -> None:
    keep(store, make_experiment())
    experiments.look()
    late = make_bundle(tmp_path / "late", tag="model-v1.2.0")
    wanted = make_experiment(challenger=late.manifest.tag)
    keep(store, wanted)
    experiments.look()
    assert arms.challenger is None
    assert "model-v1.2.0 is not in the registry" in experiments.problem
    # It is tried again whenever somebody looks.
    registry.publish(late)
    experiments.look()
    assert (experiments.problem, experiments.current) == ("", wanted)
    assert arms.challenger is not None


def test_what_is_no_experiment_is_said(arms: Arms, experiments: Experiments, store: SqliteStore) -> None:
    store.keep({EXPERIMENT_NAME: b'{"champion": 7}'}, at=1)
    experiments.look()
    assert arms.challenger is None
    assert "the experiment in the journal" in experiments.problem


def test_a_store_that_is_away_changes_nothing(
    arms: Arms, experiments: Experiments, store: SqliteStore, tmp_path: Path
) -> None:
    keep(store, make_experiment())
    experiments.look()
    before = arms.challenger
    store.close()
    (tmp_path / "journal.db").rename(tmp_path / "away.db")
    for beside in tmp_path.glob("journal.db-*"):
        beside.unlink()
    (tmp_path / "journal.db").mkdir()
    experiments.look()
    assert experiments.problem
    assert arms.challenger is before
