"""From clean rows to answers: scored by an arm, written down, counted, shown to the shadow."""

from __future__ import annotations

from app.arms import Answered, Arms
from app.decoder import Columns
from app.experiments import Experiments
from app.journal import Journal, Request
from app.metrics.answers import AnswerMeter
from app.shadow import Shadow


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
    ) -> None:
        self.arms, self.journal, self._meter = arms, journal, meter
        self._shadow, self._experiments = shadow, experiments

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
        answered = self.arms.score(columns, request.subject)
        written = self.journal.record(request, columns, answered)
        self._meter.count(answered)
        if self._shadow is not None and written.record is not None:
            self._shadow.show(written.record, columns)
        return answered, written.ids
