"""From clean rows to answers: scored by an arm, written down, counted, shown to the shadow."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from app.arms import Answered, Arms
from app.decoder import Columns
from app.experiments import Experiments
from app.journal import Journal, Request
from app.metrics.answers import AnswerMeter
from app.shadow import Shadow
from app.tracing import Traces

_UNTRACED: Final = nullcontext()


class Answering:
    """What every route that predicts does with rows."""

    def __init__(
        self,
        arms: Arms,
        journal: Journal,
        meter: AnswerMeter,
        *,
        shadow: Shadow | None = None,
        experiments: Experiments,
        traces: Traces | None = None,
    ) -> None:
        self.arms, self.journal, self._meter = arms, journal, meter
        self._shadow, self._experiments, self._traces = shadow, experiments, traces

    def answer(self, columns: Columns, request: Request) -> tuple[Answered, list[str]]:
        """
        Score rows that keep the contract.

        Args:
            columns: At least one row.
            request: What the journal keeps beside them.

        Returns:
            What came of it, and an id for each row.

        Raises:
            JournalUnavailable: if it cannot be written down and must be.
        """
        self._experiments.touch()
        with self._part("score"):
            answered = self.arms.score(columns, request.subject)
        with self._part("journal"):
            written = self.journal.record(request, columns, answered)
        self._meter.count(answered)
        if self._shadow is not None and written.record is not None:
            self._shadow.show(written.record, columns)
        return answered, written.ids

    def _part(self, name: str) -> AbstractContextManager[None]:
        return _UNTRACED if self._traces is None else self._traces.part(name)
