"""
A model that is shown what others answer, and whose answers nobody gets.

It scores on a thread of its own what has been answered already, several requests at once, and never for more than a
tenth of the time: where more is asked than that allows, it is not shown all.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter

from app.arms import load_beside
from app.decoder import Columns
from app.journal import Journal
from app.served_model import ServedModel
from app.settings import ServiceSettings
from core.registry import ModelRegistry

# Of the time of one core.
_DUTY = 0.1
# Each turn costs as much as a dozen rows, so a few are let come together.
_LEAST_PAUSE_S = 0.02
# So many rows wait to be scored, and so many are scored at once: a thread that computes in Python keeps others from it.
_MOST_WAITING, _AT_ONCE = 1_000, 100
# A thread that waits for Python gets it after so long; the interpreter's own 5 ms would show in every tenth answer.
_SWITCH_S = 0.0005
# As the shipper of the journal: those who ask come first.
_NICE = 5
_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Shown:
    record: str
    columns: Columns


class Shadow:
    """Scores in the background, and writes it down beside what was answered."""

    def __init__(self, model: ServedModel, journal: Journal, *, registry: CollectorRegistry) -> None:
        """
        Args:
            model: Verified, and of the champion's contract (see `app.arms.contract_fault`).
            journal: Where its answers go.
            registry: Of the process's metrics.
        """
        self.model, self._journal = model, journal
        self._waiting: deque[_Shown] = deque()
        self._rows = 0
        self._mutex = threading.Lock()
        self._has_work = threading.Event()
        counter = Counter(
            "slipway_shadow_rows",
            "Rows that the shadow scored, was not shown, or failed at.",
            ["result"],
            registry=registry,
        )
        self._scored, self._shed, self._failed = (counter.labels(each) for each in ("scored", "shed", "failed"))
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        threading.Thread(target=self._run, name="shadow", daemon=True).start()

    def show(self, record: str, columns: Columns) -> None:
        """Let it see rows that were answered and written down under this id, if it has time; never waits."""
        with self._mutex:
            if self._rows and self._rows + columns.count > _MOST_WAITING:
                self._shed.inc(columns.count)
                return
            self._rows += columns.count
            self._waiting.append(_Shown(record, columns))
        if not self._has_work.is_set():
            self._has_work.set()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            self._has_work.wait()
            began = time.thread_time()
            self._work(self._taken())
            time.sleep(max((time.thread_time() - began) * (1 / _DUTY - 1), _LEAST_PAUSE_S))

    def _taken(self) -> list[_Shown]:
        taken: list[_Shown] = []
        rows = 0
        with self._mutex:
            while self._waiting and rows < _AT_ONCE:
                taken.append(self._waiting.popleft())
                rows += taken[-1].columns.count
            self._rows -= rows
            if not self._waiting:
                self._has_work.clear()
        return taken

    def _work(self, taken: Sequence[_Shown]) -> None:
        rows = sum(each.columns.count for each in taken)
        try:
            answers = self.model.score(_joined(taken)).kept()
            self._journal.add_shadows(self.model.tag, list(_parts(answers, taken)))
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a shadow concerns nobody who asks
            self._failed.inc(rows)
            _LOG.error("the shadow failed", shadow=self.model.tag, rows=rows, problem=str(error))
        else:
            self._scored.inc(rows)


def load_shadow(
    registry: ModelRegistry,
    champion: ServedModel,
    settings: ServiceSettings,
    journal: Journal,
    counts: CollectorRegistry,
) -> Shadow | None:
    """
    Fetch, verify and try the shadow that the settings name; None if they name none.

    Raises:
        SlipwayError: as `app.arms.load_beside` says.
    """
    if settings.shadow_tag is None:
        return None
    return Shadow(load_beside(registry, champion, settings.shadow_tag, "SHADOW_TAG"), journal, registry=counts)


def _joined(taken: Sequence[_Shown]) -> Columns:
    if len(taken) == 1:
        return taken[0].columns
    columns = zip(*(each.columns.values for each in taken), strict=True)
    return Columns([list(chain.from_iterable(each)) for each in columns], sum(each.columns.count for each in taken))


def _parts(answers: dict[str, Any], taken: Sequence[_Shown]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was answered to each request, beside the id under which it lies in the journal."""
    start = 0
    for each in taken:
        end = start + each.columns.count
        yield each.record, {name: _rows(values, start, end) for name, values in answers.items()}
        start = end


def _rows(values: Any, start: int, end: int) -> Any:
    """Some rows of an answer's field, which for several classes has a list for each."""
    if isinstance(values, dict):
        return {label: each[start:end] for label, each in values.items()}
    return values[start:end]
