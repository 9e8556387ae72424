"""The one app that the double has, kept in a file that several processes change."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TOKEN = "FlyV1 fm2_lJPECAAAAAAA,fm2_lJPETwAAAAAA"  # noqa: S105  # of the double alone


@dataclass(kw_only=True)
class Orders:
    """
    What is to go wrong; by default nothing.

    Attributes:
        says: By the command, such as `deploy`: what it says before it fails.
        says_times: So often; always if it is less than 0.
        unhealthy: Tags whose checks never pass.
        release_status: Of the release command; None runs it.
        serves_instead: By tag, the one that its machines get.
        lie: A deployment reports success and `none` has done nothing, or `gone` has lost all machines.
        leaves_blue: Whether blue cannot be destroyed.
        hangs_at: The step of a deployment at which it waits for ever.
        has_no_room: Whether the organisation may have no more machines.
        overlap_s: So long both answer.
        autostop: Whether all machines but one are put to sleep at the end.
    """

    says: dict[str, str] = field(default_factory=dict)
    says_times: int = -1
    unhealthy: list[str] = field(default_factory=list)
    release_status: int | None = 0
    serves_instead: dict[str, str] = field(default_factory=dict)
    lie: str = ""
    leaves_blue: bool = False
    hangs_at: str = ""
    has_no_room: bool = False
    overlap_s: float = 0.0
    autostop: bool = False


@dataclass(kw_only=True)
class World:
    """Machines as the Machines API shows them, with what it does not show beside."""

    app: str
    token: str = TOKEN
    machines: list[dict[str, Any]] = field(default_factory=list)
    cordoned: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    releases: list[dict[str, Any]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    number: int = 0
    asked: int = 0
    orders: Orders = field(default_factory=Orders)

    def add(
        self,
        tag: str | None,
        *,
        image: str = "registry.fly.io/app:deployment-1",
        env: dict[str, str] | None = None,
        state: str = "started",
        is_passing: bool = True,
        is_registered: bool = True,
    ) -> dict[str, Any]:
        """Make a machine."""
        self.number += 1
        variables = {**(env or {}), **({"MODEL_TAG": tag} if tag else {})}
        created = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=self.number)
        machine: dict[str, Any] = {
            "id": f"{self.number:014x}",
            "name": f"machine-{self.number}",
            "state": state,
            "region": "ams",
            "instance_id": f"01{self.number:024d}",
            "config": {
                "image": image,
                "env": variables,
                "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
                "metadata": {},
            },
            "checks": [{"name": "servicecheck-00-http-8080", "status": "passing" if is_passing else "critical"}],
            "created_at": created.isoformat().replace("+00:00", "Z"),
            "updated_at": created.isoformat().replace("+00:00", "Z"),
        }
        self.machines.append(machine)
        if not is_registered:
            self.unregistered.append(machine["id"])
        return machine

    def tags(self) -> list[str]:
        """The MODEL_TAG of each machine."""
        return [machine["config"]["env"].get("MODEL_TAG", "") for machine in self.machines]

    def routed(self) -> list[dict[str, Any]]:
        """The machines that the proxy leads callers to; one that sleeps is woken for them."""
        open_ones = [
            each
            for each in self.machines
            if each["id"] not in {*self.cordoned, *self.unregistered} and each["checks"][0]["status"] == "passing"
        ]
        return [each for each in open_ones if each["state"] == "started"] or [
            each for each in open_ones if each["state"] == "stopped"
        ]


@contextmanager
def changing(folder: Path) -> Iterator[World]:
    """The world, written back at the end; nobody else sees it meanwhile."""
    path = folder / "world.json"
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = json.loads(path.read_text())
        world = World(**{**kept, "orders": Orders(**kept["orders"])})
        try:
            yield world
        finally:
            write(folder, world)


def write(folder: Path, world: World) -> None:
    """Keep a world; a reader that is killed leaves no half of one."""
    fresh = folder / "world.json.new"
    fresh.write_text(json.dumps(asdict(world)))
    fresh.replace(folder / "world.json")
