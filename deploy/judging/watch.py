"""Gathers what is seen of a green that answers the public."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from typing import TYPE_CHECKING, Final

import numpy as np

from core.bundle import Bundle
from core.contract import Contract
from core.encoder import Encoder
from core.errors import ServiceError
from deploy.evidence import Evidence
from deploy.judging.asking import Asked, scores_of
from deploy.judging.comparison import Side
from deploy.judging.journal import Line, coming, newest, replayable
from deploy.judging.metrics import scrape
from deploy.judging.watching import Figures, Probe, Seen, Tally

if TYPE_CHECKING:
    from core.scorer import Scorer

_KEPT: Final = 2000


class Beside:
    """What blue would have answered: its bundle, in this process."""

    def __init__(self, bundle: Bundle) -> None:
        # Loaded here, so that whoever only asks for help needs no ONNX Runtime.
        from core.scorer import load_scorer  # noqa: PLC0415  # see above

        self.contract: Contract = bundle.contract
        self._encoder = Encoder(bundle.contract)
        self._scorer: Scorer = load_scorer(bundle)

    def sides(self, lines: Sequence[Line]) -> tuple[Side, Side] | None:
        """Green's answers to those rows that blue could have answered, and blue's to the same; None without any."""
        known = [(line, row) for line in lines if (row := replayable(line.inputs, self.contract)) is not None]
        if not known:
            return None
        scores = self._scorer.score(self._encoder.rows([row for _, row in known]))
        all_of_them = np.ones(len(known), dtype=np.bool_)
        labels = ("",) * len(known)
        green = scores_of([line for line, _ in known], self.contract.target)
        return (
            Side(scores=green, labels=labels, was_answered=all_of_them),
            Side(scores=scores, labels=labels, was_answered=all_of_them),
        )


class Watch:
    """One watch, from its beginning to its end."""

    def __init__(
        self, asked: Asked, green: Bundle, *, blue: str, beside: Beside | None, since: datetime, before: Tally
    ) -> None:
        """
        Args:
            asked: The public address.
            green: What should answer.
            blue: The tag that answered before; empty if none did.
            beside: Blue's bundle; None if its contract is another, or it cannot be had.
            since: When it was switched.
            before: What blue answered until then.
        """
        self._asked, self._bundle, self._blue, self._beside = asked, green, blue, beside
        self._green, self._since, self._tally_before = str(green.manifest.tag), since, before
        self._rows = cycle(golden.row for golden in green.golden().rows)
        self._probes: list[Probe] = []
        self._lines: deque[Line] = deque(maxlen=_KEPT)
        self._count, self._cursor = 0, 0
        self._tally = Tally()
        self._notes: dict[str, Evidence] = {}
        self._before = self._seen(self._read_before())

    def _read_before(self) -> list[Line]:
        if not self._blue:
            return []
        try:
            return newest(self._asked.service, _KEPT, lambda line: line.tag == self._blue)
        except ServiceError as error:
            self._note("journal", str(error))
            return []

    def look(self, *, has_settled: bool) -> Figures:
        """
        Send a row, and read what is new.

        Args:
            has_settled: Whether blue may answer no more.
        """
        answer = self._asked.one(next(self._rows), attempts=1)
        probe = Probe(status=answer.status, tag=answer.tag, took_ms=answer.took_ms, problem=answer.problem)
        self._probes.append(probe)
        if not probe.has_failed:
            self._read_journal()
            # Until then blue's counts would be taken for green's.
            if has_settled:
                self._read_metrics()
        lines = list(self._lines)
        return Figures(
            green=self._green,
            blue=self._blue,
            task=self._bundle.contract.target.task,
            has_settled=has_settled,
            probes=tuple(self._probes),
            tally=self._tally,
            tally_before=self._tally_before,
            after=replace(self._seen(lines), rows=self._count),
            before=self._before,
            same_rows=self._same_rows(lines),
            was_slow=False,
            notes=tuple(self._notes.values()),
        )

    def _same_rows(self, lines: Sequence[Line]) -> tuple[Side, Side] | None:
        if self._beside is None:
            return None
        try:
            return self._beside.sides(lines)
        except Exception as error:  # noqa: BLE001  # a graph fails in ways of ONNX Runtime's own
            # Rows that blue cannot score speak neither for green nor against it.
            last = str(error).rpartition("\n")[2]
            self._notes["blue"] = Evidence(
                name="blue",
                found=f"its bundle fails on rows that {self._green} answered ({last})",
                allowed="able to score the same rows",
                is_breach=False,
            )
            return None

    def _read_journal(self) -> None:
        try:
            for line in coming(self._asked.service, self._since, self._cursor):
                self._cursor = line.cursor
                if line.tag == self._green:
                    self._lines.append(line)
                    self._count += 1
        except ServiceError as error:
            self._note("journal", str(error))

    def _read_metrics(self) -> None:
        """
        Keep the counts of the instance that does worst.

        Each scrape shows one instance, whose counts are whole by themselves: they began with it, and so with green.
        """
        try:
            found = scrape(self._asked.service)
        except ServiceError as error:
            self._note("metrics", str(error))
            return
        self._tally = max(self._tally, found, key=lambda tally: (tally.errors > 0, tally.bounds[0], tally.requests))

    def _note(self, name: str, problem: str) -> None:
        found = f"could not be read ({problem})"
        self._notes[name] = Evidence(name=name, found=found, allowed="readable, to be judged", is_breach=False)

    def _seen(self, lines: Sequence[Line]) -> Seen:
        rows_of = Counter(line.cursor for line in lines)
        single_ms = [line.latency_ms for line in lines if rows_of[line.cursor] == 1]
        target = self._bundle.contract.target
        return Seen(rows=len(lines), single_ms=np.array(single_ms), scores=scores_of(lines, target))
