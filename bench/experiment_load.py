"""
What an experiment and a shadow cost those who ask, as ratios in one run.

Champion, challenger and shadow are the newest model under three tags, so that nothing but who scores differs. Every
variant gets the same requests about the same subjects, one worker on one core; rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from bench.copies import following, publish_copy
from bench.processes import cpu_s
from bench.server import REGISTRY, SLIPWAY, Server, running, set_up, verdict
from bench.wrk import load, require_wrk, write_script_of_subjects
from core.bundle import Bundle
from core.contract import NumericFeature
from core.places import open_registry
from core.registry import DirectoryRegistry
from core.tags import ModelTag
from tests.fragile import publish_fragile, publish_sluggish

_CONNECTIONS, _SUBJECTS = 8, 1_000
# Some half a second, twice as long as a challenger may take by default.
_ROUNDS_TOO_MANY = 120_000
NEITHER, CHALLENGER, SHADOW, BOTH = "neither", "challenger", "shadow", "both"
FAILING, SLOW = "challenger that fails", "challenger that is too slow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tags:
    """Of the models that are published for this."""

    champion: ModelTag
    challenger: ModelTag
    shadow: ModelTag
    failing: ModelTag
    slow: ModelTag


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Answers a second, their 99th percentile, what each took of the processor, and what share of it all had."""

    rate: float
    p99_ms: float
    cpu_us: float
    share: float


def main() -> None:
    """Run, and print a table and what is wanted of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="interleaved rounds (default: 7)")
    parser.add_argument("--seconds", type=int, default=3, help="of load in each (default: 3)")
    parser.add_argument("--variant", choices=[CHALLENGER, SHADOW, BOTH, FAILING, SLOW], action="append")
    arguments = parser.parse_args()
    require_wrk()
    bundle = open_registry(REGISTRY, {}).fetch(ModelTag.parse(set_up()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tags, body = publish(bundle, DirectoryRegistry(folder / "registry"))
        script = write_script_of_subjects(folder / "load.lua", body, count=_SUBJECTS)
        found = compare(
            variants(folder / "registry", tags, arguments.variant), script, arguments.rounds, arguments.seconds
        )
    show(found)


def publish(bundle: Bundle, registry: DirectoryRegistry) -> tuple[Tags, bytes]:
    """
    Publish a model as each of those that are needed.

    Returns:
        Their tags, and a row that only two of them have difficulties with.
    """
    names = [field.name for field in fields(Tags)]
    tags = Tags(**{name: following(bundle.manifest.tag, number) for number, name in enumerate(names)})
    feature, above, row = hard_row(bundle)
    for tag in (tags.champion, tags.challenger, tags.shadow):
        publish_copy(registry, bundle, tag)
    publish_fragile(registry, bundle, tags.failing, feature=feature, above=above)
    publish_sluggish(registry, bundle, tags.slow, feature=feature, above=above, rounds=_ROUNDS_TOO_MANY)
    return tags, json.dumps(row).encode()


def hard_row(bundle: Bundle) -> tuple[str, float, dict[str, object]]:
    """A numeric feature, its highest value in the golden rows, and a row in which it is a little higher."""
    rows = [dict(entry.row) for entry in bundle.golden().rows]
    for feature in bundle.contract.features:
        if isinstance(feature, NumericFeature):
            highest = max(float(row[feature.name] or feature.low) for row in rows)
            if highest < feature.high:
                return feature.name, highest, rows[0] | {feature.name: highest + (feature.high - highest) / 100}
    sys.exit("error: the model has no numeric feature with room above the golden rows")


def variants(registry: Path, tags: Tags, wanted: Sequence[str] | None) -> list[Server]:
    """The service alone, and with each of what is measured."""
    base = SLIPWAY.variables | {"MODEL_REGISTRY": f"directory:{registry}", "SUBJECT_KEY": "k" * 32}

    def against(tag: ModelTag) -> dict[str, str]:
        return {"CHALLENGER_TAG": str(tag), "CHALLENGER_SHARE": "0.5"}

    beside = {"SHADOW_TAG": str(tags.shadow)}
    changes: Mapping[str, dict[str, str]] = {
        NEITHER: {},
        CHALLENGER: against(tags.challenger),
        SHADOW: beside,
        BOTH: against(tags.challenger) | beside,
        FAILING: against(tags.failing),
        SLOW: against(tags.slow),
    }
    return [
        replace(SLIPWAY, name=name, variables=base | change)
        for name, change in changes.items()
        if not wanted or name == NEITHER or name in wanted
    ]


def compare(servers: Sequence[Server], script: Path, rounds: int, seconds: int) -> dict[str, list[Round]]:
    """The same load on each, round by round."""
    found: dict[str, list[Round]] = {server.name: [] for server in servers}
    tag = str(open_registry(servers[0].variables["MODEL_REGISTRY"], {}).tags()[0])
    for number in range(rounds):
        for index, server in enumerate(servers):
            folder = script.with_name(f"service-{number}-{index}")
            found[server.name].append(measure(server, folder, tag, script, seconds))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def measure(server: Server, folder: Path, tag: str, script: Path, seconds: int) -> Round:
    """One variant, from its start to its end."""
    with running(server, folder, tag) as service:
        load(service.port, script, seconds=1, connections=_CONNECTIONS)
        used_s = cpu_s(service.pid)
        figures = load(service.port, script, seconds=seconds, connections=_CONNECTIONS)
        used_s = cpu_s(service.pid) - used_s
    return Round(
        rate=figures.rate, p99_ms=figures.p99_ms, cpu_us=used_s / figures.answered * 1e6, share=used_s / seconds
    )


def show(found: Mapping[str, Sequence[Round]]) -> None:
    """Print the table and what is wanted of it."""
    rounds = len(found[NEITHER])
    print(f"\none row a request, {_CONNECTIONS} connections, one worker on one core, medians of {rounds} rounds\n")
    print("| beside the champion | requests/s | to neither | p99 ms | to neither | us of processor | of the core |")
    print("|---|---|---|---|---|---|---|")
    middle = {name: median(each) for name, each in found.items()}
    base = middle[NEITHER]
    for name, each in middle.items():
        rates = [one.rate for one in found[name]]
        span = f"{each.rate:,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        ratios = [f"{each.rate / base.rate:.2f}", f"{each.p99_ms:.1f}", f"{each.p99_ms / base.p99_ms:.2f}"]
        print(f"| {name} | {span} | {' | '.join(ratios)} | {each.cpu_us:.0f} | {each.share:.2f} |")
    print()
    for name, least in ((CHALLENGER, 0.9), (SHADOW, 0.85)):
        if name in middle:
            verdict(f"{name} / neither, requests/s", middle[name].rate / base.rate, at_least=least)
            verdict(f"{name} / neither, p99", middle[name].p99_ms / base.p99_ms, at_most=1.5)


def median(rounds: Sequence[Round]) -> Round:
    """Of each figure."""
    names = [field.name for field in fields(Round)]
    return Round(**{name: statistics.median(getattr(each, name) for each in rounds) for name in names})


if __name__ == "__main__":
    main()
