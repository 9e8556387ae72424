"""
Ten deployments there and back on one host, under a steady load through Caddy: what failed, and what it cost callers.

The same load is measured in the same run without any deployment, before and after. Both tags are the newest model, so
that nothing but the deployments differs. Each of them starts a service, waits until it is ready, switches, lets the old
one answer what it has begun, and ends it.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.bodies import ROUTES, bodies
from bench.copies import following, publish_copy
from bench.server import KEY, REGISTRY, SECRET, set_up, verdict
from bench.steady import CONNECTIONS, Answered, Steady
from bench.wrk import require_wrk
from core.journal.sqlite import SqliteStore
from core.places import open_registry
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from deploy.platform import Platform
from deploy.platforms.detached import Detached
from deploy.platforms.host_settings import HostSettings, open_host

_READY_S, _SHIPPED_S, _STOP_S = 60.0, 60.0, 40.0
LEAST_RATE = 200
BEFORE, DURING, AFTER = "none, before", "one after the other", "none, after"


@dataclass(frozen=True, kw_only=True, slots=True)
class Journalled:
    """Answers that the journal lacks, and rows of it whose answer nobody waited for when the load ended."""

    lost: int
    unheard: int


def main() -> None:
    """Run, and print the three loads and what is wanted of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--swaps", type=int, default=10, help="deployments, there and back (default: 10)")
    parser.add_argument("--seconds", type=int, default=15, help="of each load without any (default: 15)")
    arguments = parser.parse_args()
    require_wrk()
    newest = ModelTag.parse(set_up())
    # As on a host, the services, Caddy and the load share all cores.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tags = (newest, _again(newest, folder))
        with host(folder, folder / "registry") as environment:
            show(tags, *measure(environment, folder, tags, arguments.swaps, arguments.seconds))


def _again(tag: ModelTag, folder: Path) -> ModelTag:
    """A registry with a model under its tag, and under another as well."""
    bundle, other = open_registry(REGISTRY, {}).fetch(tag), following(tag)
    registry = DirectoryRegistry(folder / "registry")
    registry.publish(bundle)
    publish_copy(registry, bundle, other)
    return other


@contextmanager
def host(folder: Path, registry: Path) -> Iterator[dict[str, str]]:
    """The environment of a host on free ports; whatever runs on it at the end is ended."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        port, admin, blue, green = (listener.getsockname()[1] for listener in listeners)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MODEL_REGISTRY": f"directory:{registry}",
        "JOURNAL_DIR": str(folder / "journal"),
        "DEPLOY_DIR": str(folder / "host"),
        "API_KEYS": str(KEY),
        "PORT": str(port),
        "SLOT_PORTS": f"{blue},{green}",
        "CADDY_ADMIN": f"127.0.0.1:{admin}",
    }
    try:
        yield environment
    finally:
        for name in ("caddy", "blue", "green"):
            Detached(str(folder / "host" / f"{name}.pid"), folder / "log").stop(within_s=_STOP_S)


def deploy(platform: Platform, green: ModelTag, blue: ModelTag | None) -> None:
    """A deployment with nobody who judges."""
    platform.clear(platform.observe())
    address = platform.start(green, blue=blue).green
    _wait_until_ready(address, green)
    platform.switch(green, blue=blue)
    platform.retire(blue, green=green)


def _wait_until_ready(address: str, tag: ModelTag) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        try:
            answer = requests.get(f"{address}/readyz", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.02)
            continue
        if answer.ok and answer.json()["model_tag"] == str(tag):
            return
    sys.exit(f"error: {tag} was not ready within {_READY_S:g} s")


def swap(platform: Platform, tags: Sequence[ModelTag], count: int) -> None:
    """So many deployments there and back; the first of the tags serves."""
    for number in range(count):
        deploy(platform, tags[(number + 1) % 2], tags[number % 2])


def compare(journal: Path, ids: Iterable[str]) -> Journalled:
    """What was answered beside the rows of the journal, once they have been shipped."""
    deadline, wanted = time.monotonic() + _SHIPPED_S, set(ids)
    while True:
        with closing(SqliteStore(journal)) as store:
            kept = {stored.record.id for stored in store.predictions(limit=100_000_000)}
        if wanted <= kept or time.monotonic() > deadline:
            return Journalled(lost=len(wanted - kept), unheard=len(kept - wanted))
        time.sleep(0.5)


def measure(
    environment: dict[str, str], folder: Path, tags: Sequence[ModelTag], count: int, seconds: int
) -> tuple[dict[str, Answered], Journalled]:
    """The load without deployments, with them, and without again."""
    platform, url = open_host(environment), f"{HostSettings.from_env(environment).url}{ROUTES['single']}"
    body = bodies(str(tags[0]))["single"]
    deploy(platform, tags[0], None)
    acts: dict[str, Callable[[], None]] = {
        BEFORE: lambda: time.sleep(seconds),
        DURING: lambda: swap(platform, tags, count),
        AFTER: lambda: time.sleep(seconds),
    }
    found = {}
    for number, (name, act) in enumerate(acts.items()):
        print(f"{name} ...", file=sys.stderr)
        with Steady(url, folder / f"load-{number}", body, secret=SECRET) as load:
            act()
        found[name] = load.answered
    ids = [each for answered in found.values() for each in answered.ids]
    return found, compare(folder / "journal" / "journal.db", ids)


def show(tags: Sequence[ModelTag], found: dict[str, Answered], journalled: Journalled) -> None:
    """Print the table and what is wanted of it."""
    print(f"\n{CONNECTIONS} connections through Caddy, {os.cpu_count()} cores for all, {tags[0]} and {tags[1]}\n")
    print(
        "| deployments | seconds | answers/s | p50 ms | p99 ms | slowest ms | failed |\n|---|---|---|---|---|---|---|"
    )
    for name, each in found.items():
        times = f"{each.p50_ms:.1f} | {each.p99_ms:.1f} | {each.most_ms:.1f}"
        print(f"| {name} | {each.seconds:.0f} | {each.rate:.0f} | {times} | {each.failed} |")
    print()
    during = found[DURING]
    verdict("requests that failed", sum(each.failed for each in found.values()), at_most=0)
    others = sum(count for tag, count in during.tags.items() if tag not in map(str, tags))
    verdict("answers of neither tag", others, at_most=0)
    verdict("answers that the journal lacks", journalled.lost, at_most=0)
    # Those that were on their way when each of the three loads ended.
    verdict("rows whose answer nobody waited for", journalled.unheard, at_most=3 * CONNECTIONS)
    verdict("answers a second during the swaps", during.rate, at_least=LEAST_RATE)


if __name__ == "__main__":
    main()
