"""
The experiment that this service is in, as it is kept in the journal's store: every process looks there now and then.

It is looked for where requests come, and by nothing else: a database that sleeps when nobody asks may go on sleeping.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog

from app.arms import Arms, Challenger, load_beside
from core.documents import from_json, to_json_line
from core.errors import SlipwayError
from core.experiment import EXPERIMENT_NAME, Experiment
from core.journal.store import JournalStore
from core.registry import ModelRegistry
from core.tags import ModelTag

# So old may what a process knows be.
_LOOK_EVERY_S: Final = 5.0
_LOG = structlog.get_logger()


class Experiments:
    """Keeps one process's arms as the experiment wants them."""

    def __init__(self, arms: Arms, store: JournalStore, registry: ModelRegistry, *, budget_s: float) -> None:
        """
        Args:
            arms: Whose challenger is set.
            store: Where the experiment is kept.
            registry: Where challengers are published.
            budget_s: For every thousand rows that were begun, so long a challenger may take.
        """
        self._arms, self._store, self._registry, self._budget_s = arms, store, registry, budget_s
        self._mutex = threading.Lock()
        self._known: bytes | None = None
        self.current: Experiment | None = None
        self.problem = ""
        self._wanted = threading.Event()
        self._looked_at = time.monotonic()

    def start(self) -> None:
        """Look once, and again in the background whenever `touch` finds that it is time."""
        self.look()
        threading.Thread(target=self._run, name="experiments", daemon=True).start()

    def touch(self) -> None:
        """Have somebody look, if that was long ago; never waits."""
        if time.monotonic() > self._looked_at + _LOOK_EVERY_S:
            self._looked_at = time.monotonic()
            self._wanted.set()

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
            self._store.keep({EXPERIMENT_NAME: content}, at=time.time_ns() // 1000)
            self._known, self.current, self.problem = content, experiment, ""
            self._arms.challenger = challenger

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self.look()

    def look(self) -> None:
        """Follow what is kept now; what is wrong with it is logged, and in `problem`."""
        try:
            with self._mutex:
                kept = self._store.kept(EXPERIMENT_NAME)
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
            self._arms.challenger = None
            raise
        self._arms.challenger, self.problem = challenger, ""

    def _challenger(self, experiment: Experiment) -> Challenger | None:
        """What is to answer by an experiment; None if it is over, or this process serves another tag."""
        if experiment.ended or experiment.champion != ModelTag.parse(self._arms.champion.tag):
            return None
        now = self._arms.challenger
        if now is not None and now.model.tag == str(experiment.challenger):
            return now.with_share(experiment.share)
        model = load_beside(self._registry, self._arms.champion, experiment.challenger, "the challenger")
        return Challenger(model, share=experiment.share, budget_s=self._budget_s)
