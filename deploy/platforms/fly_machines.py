"""Fly's machines as flyctl lists them, and what can be told from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from core.errors import PlatformAway
from core.tags import ModelTag, is_tag

_GONE: Final = frozenset({"destroyed", "destroying"})
# What Fly's proxy puts to sleep and wakes by itself.
_ASLEEP: Final = frozenset({"stopped", "suspended"})
_MARK: Final = "safe_to_destroy"


class _Guest(msgspec.Struct, kw_only=True):
    cpu_kind: str = "shared"
    cpus: int = 1
    memory_mb: int = 256


class _Config(msgspec.Struct, kw_only=True):
    image: str = ""
    env: dict[str, str] | None = None
    guest: _Guest | None = None
    metadata: dict[str, str] | None = None


class _Check(msgspec.Struct, kw_only=True):
    status: str = ""


class _Listed(msgspec.Struct, kw_only=True):
    id: str
    state: str = ""
    config: _Config | None = None
    checks: list[_Check] | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FlyMachine:
    """
    A machine of an app.

    Attributes:
        id: Fly's.
        tag: Its MODEL_TAG; None if it has none.
        state: Such as `started`.
        image: What it runs.
        kind: As the price table names it, such as `shared-cpu-1x 256mb`.
        created_at: With a time zone.
        is_passing: Whether it runs and no check fails; only then Fly leads callers to it.
        is_marked: Whether flyctl holds it to be of no more use.
        is_temporary: Whether it runs a release command, and is no server.
    """

    id: str
    tag: ModelTag | None
    state: str
    image: str
    kind: str
    created_at: datetime
    is_passing: bool
    is_marked: bool
    is_temporary: bool

    @property
    def is_asleep(self) -> bool:
        """Whether it is stopped; the proxy wakes it when callers come."""
        return self.state in _ASLEEP


def read_machines(text: str) -> tuple[FlyMachine, ...]:
    """
    The machines of `flyctl machines list --json` that are not gone.

    Raises:
        PlatformAway: if it is no such list.
    """
    try:
        listed = msgspec.json.decode(text, type=list[_Listed])
    except msgspec.MsgspecError as error:
        raise PlatformAway(f"flyctl's list of machines cannot be read ({error}); is it the newest flyctl?") from error
    return tuple(_machine(each) for each in listed if each.state not in _GONE)


def _machine(listed: _Listed) -> FlyMachine:
    config = listed.config or _Config()
    env, metadata, guest = config.env or {}, config.metadata or {}, config.guest or _Guest()
    tag = env.get("MODEL_TAG", "")
    created_at = listed.created_at or datetime.now(UTC)
    return FlyMachine(
        id=listed.id,
        tag=ModelTag.parse(tag) if is_tag(tag) else None,
        state=listed.state,
        image=config.image,
        kind=f"{guest.cpu_kind}-cpu-{guest.cpus}x {guest.memory_mb}mb",
        created_at=created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC),
        is_passing=listed.state == "started" and all(check.status == "passing" for check in listed.checks or ()),
        is_marked=_MARK in metadata or _MARK in metadata.values(),
        is_temporary=env.get("RELEASE_COMMAND") == "1",
    )


def servers_of(machines: Sequence[FlyMachine]) -> tuple[FlyMachine, ...]:
    """Those that serve or are to, without those of a release command."""
    return tuple(each for each in machines if not each.is_temporary)


def is_doubtful(servers: Sequence[FlyMachine]) -> bool:
    """Whether machines that answer nobody may be of different use, or none of ours."""
    return len({each.tag for each in servers}) > 1 or any(each.tag is None for each in servers)


def serving_tag(machines: Sequence[FlyMachine], answering: Collection[ModelTag]) -> ModelTag | None:
    """
    Which tag serves; None if none does, or if nobody can tell.

    Where two answer, a deployment was cut short between letting green in and taking blue out: then the one serves
    that flyctl has not marked as of no more use, and where that is neither, the older.

    Args:
        machines: That are no temporary ones.
        answering: Tags that the public got.
    """
    candidates = [each for each in machines if each.tag in answering]
    if not answering:
        candidates = [each for each in machines if each.is_passing or each.is_asleep]
        tags = {each.tag for each in candidates}
        return candidates[0].tag if len(tags) == 1 else None
    candidates.sort(key=lambda each: (each.is_marked, each.created_at, each.id))
    return candidates[0].tag if candidates else None


def what_lacks(machines: Sequence[FlyMachine], green: ModelTag, *, at_least: int, app: str) -> str:
    """
    What a deployment of a tag has not brought about, as a sentence; empty if it has.

    Machines may be asleep as long as one is up: a blue that slept gives a green that sleeps.

    Args:
        machines: That are no temporary ones.
        green: The tag.
        at_least: So many machines must have it.
        app: For the sentence.
    """
    of_green = [each for each in machines if each.tag == green]
    others = [each for each in machines if each.tag != green]
    faults = (
        (not machines, f"{app} has no machine left; `fly scale count {at_least} -a {app}` makes some"),
        (bool(others), f"{names(others)} of {app} should be gone"),
        (
            len(of_green) < at_least,
            f"{len(of_green)} of {at_least} machines have {green}; `fly scale count {at_least} -a {app}` makes more",
        ),
        (
            not any(each.is_passing for each in of_green)
            or not all(each.is_passing or each.is_asleep for each in of_green),
            f"{names(of_green)} of {app} should be started, with every check passing",
        ),
    )
    return next((sentence for applies, sentence in faults if applies), "")


def names(machines: Sequence[FlyMachine]) -> str:
    """The machines as a sentence names them."""
    return ", ".join(f"machine {each.id} ({each.tag or 'no MODEL_TAG'}, {each.state})" for each in machines)
