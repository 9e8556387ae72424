"""A look at a service from outside: what it says of itself, judged, told in issues, and remembered for the next."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from core.errors import GitHubError, ServiceAway, ServiceError
from core.github.alert import Alert
from core.github.hidden import hidden, hidden_in
from core.github.issues import Inbox
from core.service import Reply, Service
from core.summary import table
from core.thresholds import SILENT_AFTER_S
from watch.catalogue import CATALOGUE
from watch.desk import Desk
from watch.figures import Figures, figures_in
from watch.heartbeat import last_beat
from watch.judging import State, Verdict, judge_figures, judge_heart, judge_state
from watch.memory import Memory, growth, remembered
from watch.telling import plain
from watch.trouble import Instance, Trouble, Watcher

_KEY: Final = "watch/memory"
_TITLE: Final = "What the last look at the service saw"
_NOT_FOUND = 404
_UNAVAILABLE, _PROBLEM, _REQUEST_ID = 503, "application/problem+json", "X-Request-Id"
# With all that is tried again.
_PATIENCE_S: Final = 120.0
_SIGNS: Final = {True: "wrong", False: "well", None: "unknown"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """
    What a look saw.

    Attributes:
        verdicts: One for each alert that could be judged or not.
        memory: For the next look.
        problem: Why not all could be looked at; None if it could.
    """

    verdicts: tuple[Verdict, ...]
    memory: Memory
    problem: ServiceError | None = None


class _Ready(msgspec.Struct):
    status: Literal["ready"]


def look(service: Service, memory: Memory, now: datetime) -> Looked:
    """
    Look at a service.

    Args:
        service: That is looked at.
        memory: Of the looks before.
        now: With a time zone.

    """
    try:
        state, said = _state_of(service)
    except ServiceError as error:
        # Its address cannot be asked at all.
        return Looked(verdicts=(), memory=memory, problem=error)
    verdicts = list(judge_state(state, said))
    figures, problem = (None, None) if state is State.DOWN else _figures_of(service)
    if figures is not None:
        at = now.timestamp()
        verdicts += judge_figures(figures, growth(memory, figures, at), at)
        memory = remembered(memory, figures, at)
    return Looked(verdicts=tuple(verdicts), memory=memory, problem=problem)


def _state_of(service: Service) -> tuple[State, str]:
    try:
        with _within(_PATIENCE_S, service):
            reply = service.ask("GET", "/readyz")
    except ServiceAway as error:
        return State.DOWN, str(error)
    if reply.is_good:
        try:
            service.read(reply.body, _Ready)
        except ServiceError:
            return State.DOWN, "what answers at /readyz is no Slipway; is SERVICE_URL the address of a service?"
        return State.READY, "The service is ready."
    is_problem = reply.headers.get("Content-Type", "").startswith(_PROBLEM)
    # The proxy says it in the same form, and so does a service that reads no request, without what names a request.
    if reply.status == _UNAVAILABLE and is_problem and _REQUEST_ID in reply.headers:
        return State.NOT_READY, service.said(reply)
    hint = "; is SERVICE_URL the address of a service?" if reply.status == _NOT_FOUND else "."
    return State.DOWN, f"/readyz is answered {reply.status}{hint}"


@contextmanager
def _within(seconds: float, service: Service) -> Iterator[None]:
    """A block that ends after so long: who sends a byte now and then would hold it up for as long as they like."""

    def end(*_: object) -> None:
        raise ServiceAway(f"{service.name}: does not answer in time; try again later")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _figures_of(service: Service) -> tuple[Figures | None, ServiceError | None]:
    try:
        with _within(_PATIENCE_S, service):
            return _read(service, service.call("GET", "/metrics")), None
    except ServiceError as error:
        return None, error


def _read(service: Service, reply: Reply) -> Figures:
    try:
        return figures_in(reply.body.decode())
    except (ValueError, IndexError, ArithmeticError) as error:
        # The library's parser expects a well-meant text.
        problem = service.quoted(str(error))
        raise ServiceError(f"{service.name}: what answers at /metrics is no Slipway: {problem}") from error


class Looker:
    """Looks, and lets the issues of a repository say and remember what was seen."""

    def __init__(self, inbox: Inbox, *, page: str) -> None:
        """
        Args:
            inbox: Of the repository.
            page: Of the repository.
        """
        self._inbox, self._desk = inbox, Desk(inbox, page=page, by=Watcher.LOOK)

    def look(self, service: Service | None, now: datetime, say: Callable[[Verdict, str], None]) -> ServiceError | None:
        """
        Look, tell and remember.

        Args:
            service: That is looked at; None for none, so that only the heartbeat is.
            now: With a time zone.
            say: Is told each verdict, and what was done about it.

        Returns:
            Why not all could be looked at; None if it could.

        Raises:
            GitHubError: if issues cannot be read, or one could not be written; all others were.
        """
        beat = last_beat(self._inbox)
        memory = self._recall()
        heart = judge_heart(beat.timestamp() if beat else None, now.timestamp())
        looked = look(service, memory, now) if service else Looked(verdicts=(), memory=memory)
        verdicts = (heart, *looked.verdicts)
        since = _since(memory, verdicts, now)
        beats = beat is not None and abs((now - beat).total_seconds()) <= SILENT_AFTER_S
        # What Prometheus has told of since the last look is not told again by what is counted since then.
        told_since = (memory.at or 0.0) if beats else None
        standing, untold = self._desk.standing(CATALOGUE), list[tuple[Verdict, GitHubError]]()
        for verdict in verdicts:
            try:
                done = self._tell(verdict, verdict.name in standing, since, now, told_since)
            except GitHubError as error:
                # One issue that cannot be written is not to silence the others.
                untold.append((verdict, error))
                done = f"could not be told: {error}"
            say(verdict, done)
        for name, done in () if beats else self._desk.forget(now):
            say(Verdict(name=name, is_true=None, what="Prometheus told of it, and is silent."), done)
        if service is not None or memory != Memory():
            # What is counted and could not be told is counted again by the next look.
            is_lost = any(verdict.is_true for verdict, _ in untold)
            servers = memory.servers if is_lost else looked.memory.servers
            self._keep(Memory(at=memory.at if is_lost else now.timestamp(), servers=servers, since=since), now)
        if untold:
            raise untold[0][1]
        return looked.problem

    def _tell(
        self, verdict: Verdict, is_open: bool, since: dict[str, float], now: datetime, told_since: float | None
    ) -> str:
        name = verdict.name
        is_over = verdict.is_true is False and is_open
        if not (verdict.is_true or is_over):
            return ""
        if told_since is not None and self._desk.is_prometheus(name, told_since):
            return "Prometheus tells of it"
        if is_over:
            ended = f"Over at {now:%Y-%m-%d %H:%M} UTC, as a look sees. {plain(verdict.what)}".strip()
            return self._desk.settle(name, ended)
        return self._desk.tell(_trouble(verdict, datetime.fromtimestamp(since[name], UTC)), now)

    def _recall(self) -> Memory:
        found = self._inbox.find(_KEY)
        return (hidden_in(found.body, Memory) if found else None) or Memory()

    def _keep(self, memory: Memory, now: datetime) -> None:
        text = (
            f"`watch.yml` last looked at the service at {now:%Y-%m-%d %H:%M} UTC, and keeps here how far its counters "
            "were. Leave this issue closed: it is rewritten at each look, and tells nobody."
        )
        self._inbox.keep(Alert(key=_KEY, title=_TITLE, body=text, ending=hidden(memory)))


def summary(verdicts: list[tuple[Verdict, str]]) -> str:
    """What was seen and done, for the page of a workflow's run."""
    rows = [(each.name, _SIGNS[each.is_true], plain(each.what), plain(done)) for each, done in verdicts]
    return f"## The service\n\n{table(('alert', 'is', 'what was seen', 'what was done'), rows)}"


def line(verdict: Verdict, done: str) -> str:
    """What was seen and done, for a log."""
    return ": ".join(filter(None, [_SIGNS[verdict.is_true], verdict.name, verdict.what])) + (
        f" [{done}]" if done else ""
    )


def _since(memory: Memory, verdicts: tuple[Verdict, ...], now: datetime) -> dict[str, float]:
    """Since when what is true is; what nobody can tell stays as it was."""
    judged = {verdict.name: verdict.is_true for verdict in verdicts}
    latest = now.timestamp()
    # Whoever edited what is remembered may have left anything there.
    kept = {name: at for name, at in memory.since.items() if judged.get(name) is not False and 0 <= at <= latest}
    return {name: now.timestamp() for name, is_true in judged.items() if is_true} | kept


def _trouble(verdict: Verdict, since: datetime) -> Trouble:
    kind = CATALOGUE[verdict.name]
    return Trouble(
        name=verdict.name,
        kind=kind.kind,
        severity=kind.severity,
        remedy=kind.remedy,
        runbook=f"docs/runbook.md#{verdict.name.lower()}",
        instances=(Instance(mark="look", since=since, what=verdict.what),),
    )
