"""
The experiment that this service is in, as it is kept in the journal's store: every process looks there now and then.

It is looked for where requests come, and by nothing else: a database that sleeps when nobody asks may go on sleeping.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from msgspec import structs

from app.arms import Arms, Challenger, load_beside
from core.bundle import Bundle
from core.documents import from_json, to_json_line
from core.errors import SlipwayError
from core.experiment import EXPERIMENT_NAME, Experiment, Phase
from core.experiment_policy import default_policy, holdout_loss
from core.journal.store import JournalStore
from core.registry import ModelRegistry
from core.tags import ModelTag

# So old may what a process knows be, unless the store is to sleep.
_LOOK_EVERY_S: Final = 5.0
_LOG = structlog.get_logger()


class Keeper(Protocol):
    """A journal, as far as an experiment is kept in it."""

    @property
    def store(self) -> JournalStore:
        """Where it is read."""

    def keep(self, documents: Mapping[str, bytes]) -> None:
        """Keep documents in the store, and let every process know."""


class Experiments:
    """Keeps one process's arms as the experiment wants them."""

    def __init__(
        self, arms: Arms, journal: Keeper, registry: ModelRegistry, *, budget_s: float, seldom_s: float = 0
    ) -> None:
        """
        Args:
            arms: Whose challenger is set; one that is there already is fixed, and stays.
            journal: Where the experiment is kept.
            registry: Where challengers are published.
            budget_s: For every thousand rows that were begun, so long a challenger may take.
            seldom_s: So old may what a process knows be, where the store is to be left alone.
        """
        self._look_every_s = max(seldom_s, _LOOK_EVERY_S)
        self._arms, self._journal, self._registry, self._budget_s = arms, journal, registry, budget_s
        self.fixed = arms.challenger
        self._mutex = threading.Lock()
        self._known: bytes | None = None
        self.current: Experiment | None = None
        self.problem = ""
        self._looked_at = time.monotonic()

    def start(self) -> None:
        """Look for the first time, and keep what the environment fixes."""
        if self.fixed is not None:
            self._note(self.fixed)
        self.look()

    def touch(self) -> None:
        """Have somebody look, if that was long ago; never waits."""
        if time.monotonic() > self._looked_at + self._look_every_s and not self._mutex.locked():
            self._looked_at = time.monotonic()
            threading.Thread(target=self.look, name="experiments", daemon=True).start()

    def keep(self, experiment: Experiment) -> None:
        """
        Keep an experiment for all processes, and begin with it here.

        Raises:
            SlipwayError: if its challenger cannot serve; then nothing is kept.
            JournalUnavailable: if it cannot be kept.
        """
        content = to_json_line(experiment)
        with self._mutex:
            challenger = self._challenger(experiment)
            self._journal.keep({EXPERIMENT_NAME: content})
            self._known, self.current, self.problem = content, experiment, ""
            self._arms.challenger = challenger

    def _note(self, fixed: Challenger) -> None:
        """Keep what the environment fixes, for whoever reads it off."""
        try:
            self.look()
            noted = _noted(self.current, self._arms.champion.bundle, fixed, datetime.now(UTC))
            if noted is not None and noted != self.current:
                self._journal.keep({EXPERIMENT_NAME: to_json_line(noted)})
        except SlipwayError as error:
            _LOG.error("the experiment cannot be read off", problem=str(error))

    def look(self) -> None:
        """Follow what is kept now; what is wrong with it is logged, and in `problem`."""
        try:
            with self._mutex:
                kept = self._journal.store.kept(EXPERIMENT_NAME)
                content = kept[1] if kept else None
                if content != self._known or self.problem:
                    self._follow(content)
        except SlipwayError as error:
            _LOG.error("the experiment is not followed", problem=str(error))
            self.problem = str(error)

    def _follow(self, content: bytes | None) -> None:
        experiment = from_json(content, Experiment, source="the experiment in the journal") if content else None
        self._known, self.current = content, experiment
        try:
            challenger = self._challenger(experiment) if experiment else None
        except SlipwayError:
            # Whatever is wrong with the new one, the old one is over.
            self._arms.challenger = self.fixed
            raise
        self._arms.challenger, self.problem = challenger or self.fixed, ""

    def _challenger(self, experiment: Experiment) -> Challenger | None:
        """What is to answer by an experiment; None if it is over, or this process serves another tag."""
        if self.fixed is not None:
            return self.fixed
        if experiment.ended or experiment.is_fixed or experiment.champion != ModelTag.parse(self._arms.champion.tag):
            return None
        now = self._arms.challenger
        if now is not None and now.model.tag == str(experiment.challenger):
            return now.with_share(experiment.share)
        model = load_beside(self._registry, self._arms.champion, experiment.challenger, "the challenger")
        return Challenger(model, share=experiment.share, budget_s=self._budget_s)


def _noted(known: Experiment | None, champion: Bundle, fixed: Challenger, now: datetime) -> Experiment | None:
    """
    What is to be kept of a challenger that the environment fixes, with the rules that stand where nothing is said.

    Returns:
        None where nothing says what the champion loses, by which gains are measured.
    """
    phase, challenger = Phase(share=fixed.share, since=now), ModelTag.parse(fixed.model.tag)
    pair = (champion.manifest.tag, challenger)
    if known is not None and known.ended is None and (known.champion, known.challenger) == pair:
        phases = known.phases if known.share == fixed.share else (*known.phases, phase)
        return structs.replace(known, phases=phases, is_fixed=True)
    policy = default_policy(champion.contract.target.task)
    loss = holdout_loss(policy.loss, champion.manifest.metrics)
    if loss is None:
        _LOG.warning("the experiment cannot be read off: the champion does not say what it loses", loss=policy.loss)
        return None
    return Experiment(
        champion=pair[0], challenger=challenger, policy=policy, champion_loss=loss, phases=(phase,), is_fixed=True
    )
