"""A platform and a judge in memory, which can be broken, or killed, at every call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.errors import NotSwitched, PlatformError, ServiceError
from core.ledger import Deployment, Environment, Hold, champion, check_time
from core.tags import ModelTag
from deploy.evidence import Evidence, Verdict
from deploy.platform import Addresses, Machine, Remnant, Serving, Situation

START = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Strings:
    """
    By which calls are broken.

    Attributes:
        kill_at: The number of the moment at which the process dies; None for never. Each change has one before it and
            one after it.
        errors: What is raised in the place of a call, by its name.
        later: The same, from its second call on.
    """

    kill_at: int | None = None
    errors: dict[str, BaseException] = field(default_factory=dict)
    later: dict[str, Exception] = field(default_factory=dict)
    moments: list[str] = field(default_factory=list)

    @contextmanager
    def change(self, name: str) -> Iterator[None]:
        """A change of the world, which may come about without anybody living to know it."""
        self._pass(f"before {name}")
        if name in self.errors:
            raise self.errors[name]
        if name in self.later and f"after {name}" in self.moments:
            raise self.later[name]
        yield
        self._pass(f"after {name}")

    def _pass(self, moment: str) -> None:
        if self.kill_at == len(self.moments):
            raise Killed(moment)
        self.moments.append(moment)


@dataclass
class MemoryPlatform:
    """
    Slots in memory; with `keeps` false it ends blue as a part of the switch, as Fly and Render do.

    Attributes:
        strings: Break it.
        public: What the public reaches.
        beside: What else runs.
        kept: Which of it stands by.
        seen: Everything that the public ever reached.
    """

    strings: Strings
    keeps: bool = True
    public: ModelTag | None = None
    beside: set[ModelTag] = field(default_factory=set)
    kept: ModelTag | None = None
    busy: str = ""
    seen: list[ModelTag | None] = field(default_factory=list)
    name: str = "a platform in memory"
    url: str = "public"
    settling_s: float = 0.0

    def observe(self) -> Situation:
        serving = Serving(tag=self.public, since=START) if self.public else None
        remnants = tuple(Remnant(name=f"slot of {tag}", tag=tag) for tag in self.beside - {self.kept})
        return Situation(serving=serving, kept=self.kept, remnants=remnants, busy=self.busy)

    def clear(self, situation: Situation) -> None:
        del situation
        with self.strings.change("clear"):
            self.beside, self.kept = set(), None

    def start(self, green: ModelTag, *, blue: ModelTag | None) -> Addresses:
        with self.strings.change("start"):
            self.beside |= {green} if self.keeps else set()
        return Addresses(green=str(green), blue=str(blue) if blue else None)

    def has_died(self) -> bool:
        return False

    def said(self) -> str:
        return "its last words"

    def switch(self, green: ModelTag, *, blue: ModelTag | None) -> None:
        with self.strings.change("switch"):
            self._reach(green)
            self.beside = self.beside - {green} | ({blue} if blue and self.keeps else set())
            self.kept = blue if self.keeps else None

    def go_back(self, blue: ModelTag, *, green: ModelTag) -> None:
        with self.strings.change("go_back"):
            if self.public != blue:
                self._reach(blue)
                self.beside = self.beside - {blue} | ({green} if self.keeps else set())
            self.kept = None

    def retire(self, blue: ModelTag | None, *, green: ModelTag) -> None:
        del blue, green
        with self.strings.change("retire"):
            self.beside, self.kept = set(), None

    def discard(self, green: ModelTag) -> None:
        with self.strings.change("discard"):
            self.beside -= {green}
            if self.public == green:
                self._reach(None)

    def machines(self) -> tuple[Machine, ...]:
        return (Machine(kind="shared-cpu-1x 256mb", count=1),)

    def _reach(self, tag: ModelTag | None) -> None:
        self.public = tag
        self.seen.append(tag)


@dataclass
class MemoryLedger:
    """A ledger in memory."""

    strings: Strings
    entries: list[Deployment] = field(default_factory=list)

    def record(self, environment: Environment, tag: ModelTag, *, at: datetime, reason: str) -> Deployment:
        check_time(at)
        entry = Deployment(environment=environment, tag=tag, previous=champion(self.entries), at=at, reason=reason)
        with self.strings.change("record"):
            self.entries.append(entry)
        return entry

    def history(self, environment: Environment) -> list[Deployment]:
        del environment
        if "history" in self.strings.errors:
            raise self.strings.errors["history"]
        return list(self.entries)

    @contextmanager
    def hold(self, environment: Environment, tag: ModelTag) -> Iterator[Hold]:
        del environment, tag
        yield _Hold(self.strings)


class _Hold:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def reach(self, step: str) -> None:
        if f"reach {step}" in self._strings.errors:
            raise self._strings.errors[f"reach {step}"]


@dataclass
class MemoryJudge:
    """
    Finds everything right, but for what it is told not to.

    Attributes:
        platform: Whose public it asks.
        against: The steps in which it speaks against green: `ready`, `verify`, `compare`, `public`, `watch`.
        has_key: Whether the service that serves takes its key.
    """

    platform: MemoryPlatform
    against: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    has_key: bool = True

    def require_key(self, url: str) -> None:
        if not self.has_key:
            raise ServiceError(f"{url}: wants a key")

    def wait_until_ready(self, url: str, green: ModelTag, has_died: Callable[[], bool]) -> Verdict:
        del url, green, has_died
        return self._say("ready")

    def verify(self, url: str, green: ModelTag) -> Verdict:
        if url != self.platform.url:
            return self._say("verify")
        found = self.platform.public
        against = "public" in self.against and self.platform.seen == [green]
        self.asked.append("public")
        return Verdict(evidence=(_evidence("tag", str(found), is_breach=against or found != green),))

    def compare(self, addresses: Addresses, green: ModelTag) -> Verdict:
        del addresses, green
        return self._say("compare")

    def watch(
        self, url: str, green: ModelTag, blue: ModelTag | None, since: datetime, tell: Callable[[str], None]
    ) -> Verdict:
        del url, green, blue
        tell(f"since {since + timedelta()}")
        return self._say("watch")

    def _say(self, what: str) -> Verdict:
        self.asked.append(what)
        return Verdict(evidence=(_evidence(what, "seen", is_breach=what in self.against),))


def _evidence(name: str, found: str, *, is_breach: bool) -> Evidence:
    return Evidence(name=name, found=found, allowed="all right", is_breach=is_breach)


NOT_SWITCHED = NotSwitched("it would not")
NOBODY_KNOWS = PlatformError("the connection was cut")
