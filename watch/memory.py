"""What a look has to know of those before: how far counters were, and since when what is true."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import field

from core.documents import Document
from core.thresholds import DAY_S
from watch.figures import Counters, Figures

# Behind one address there may be several machines, of which any may answer.
_MOST: Final = 4


class Base(Document, frozen=True, kw_only=True):
    """
    How far a server's counters were.

    Attributes:
        at: When it was looked at; times are seconds since 1970.
        counters: What they showed.
        day_at: When a day of answers began to be counted.
        day_bytes: What had been sent by then; below 0 where a server before it has sent some of them.
    """

    at: float
    counters: Counters
    day_at: float
    day_bytes: float


class Memory(Document, frozen=True, kw_only=True):
    """
    What is remembered.

    Attributes:
        at: When the last look was; None before the first.
        servers: By when they began.
        since: When an alert that is true became so, by its name.
    """

    at: float | None = None
    servers: dict[str, Base] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)


class Growth(Document, frozen=True, kw_only=True):
    """
    How far counters have grown.

    Attributes:
        counters: Since the last look.
        day_bytes: What was sent a day, over one or more; None until one is over.
    """

    counters: Counters
    day_bytes: float | None = None


def growth(memory: Memory, figures: Figures, now: float) -> Growth | None:
    """
    How far a server's counters have grown since the last look; None where nobody knows.

    Args:
        memory: Of the looks before.
        figures: Of now.
        now: In seconds since 1970.
    """
    base = _base(memory, figures, now)
    if base is None:
        return None
    days = (now - base.day_at) / DAY_S
    sent = figures.counters.sent_bytes - base.day_bytes
    return Growth(
        counters=_minus(figures.counters, base.counters),
        day_bytes=sent / days if days >= 1 else None,
    )


def remembered(memory: Memory, figures: Figures, now: float) -> Memory:
    """
    What the next look has to know of the counters.

    Args:
        memory: Of the looks before.
        figures: Of now.
        now: In seconds since 1970.
    """
    if figures.started is None:
        return memory
    base = _base(memory, figures, now)
    begins = base is None or now - base.day_at >= DAY_S
    kept = Base(
        at=now,
        counters=figures.counters,
        day_at=now if base is None or begins else base.day_at,
        day_bytes=figures.counters.sent_bytes if base is None or begins else base.day_bytes,
    )
    servers = _past(memory, now) | {_name(figures.started): kept}
    newest = sorted(servers, key=lambda name: -servers[name].at)[:_MOST]
    return msgspec.structs.replace(memory, servers={name: servers[name] for name in newest})


def _past(memory: Memory, now: float) -> dict[str, Base]:
    """Those that were not looked at by a clock that is ahead."""
    return {name: base for name, base in memory.servers.items() if max(base.at, base.day_at) <= now}


def _base(memory: Memory, figures: Figures, now: float) -> Base | None:
    """From where on a server's counters have grown; None if it was there before and was never looked at."""
    if figures.started is None:
        return None
    servers = _past(memory, now)
    known = servers.get(_name(figures.started))
    if known is not None and _is_ahead(figures.counters, known.counters):
        return known
    last = known or max(servers.values(), key=lambda base: base.at, default=None)
    if last is None or (known is None and figures.started <= last.at):
        return None
    # It has counted from nothing since, while the day goes on.
    sent = last.counters.sent_bytes - last.day_bytes
    return Base(at=figures.started, counters=Counters(), day_at=last.day_at, day_bytes=-sent)


def _is_ahead(now: Counters, before: Counters) -> bool:
    return all(getattr(now, name) >= getattr(before, name) for name in Counters.__struct_fields__)


def _minus(now: Counters, before: Counters) -> Counters:
    return Counters(**{name: getattr(now, name) - getattr(before, name) for name in Counters.__struct_fields__})


def _name(started: float) -> str:
    return f"{started:.3f}"
