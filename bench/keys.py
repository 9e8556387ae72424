"""What callers with a right key notice of requests with a wrong one."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.bodies import bodies, request
from bench.open_loop import Stream, offer, percentile
from bench.processes import cpu_s
from bench.server import SECRET, SLIPWAY, Running, running, set_up, verdict
from bench.wrk import load, require_wrk, write_script

_CONNECTIONS = 4
_RIGHT, _WRONG = "right", "wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """Figures of a round, by what the right callers do: ask again at once, or at a rate of their own."""

    rate: float
    busy_p99_ms: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Run, and print the right keys' figures alone and beside wrong ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attack", type=float, default=200, help="requests a second with a wrong key (default: 200)")
    parser.add_argument("--rate", type=float, default=200, help="of the right callers who do not hurry (default: 200)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of each load (default: 4)")
    arguments = parser.parse_args()
    require_wrk()
    tag = set_up()
    body = bodies(tag)["single"]
    right = Stream(name=_RIGHT, request=request("single", body, SECRET), rate=arguments.rate)
    wrong = Stream(name=_WRONG, request=request("single", body, SECRET[::-1]), rate=arguments.attack)
    with tempfile.TemporaryDirectory() as name, running(SLIPWAY, Path(name, "service"), tag) as service:
        script = write_script(Path(name, "right.lua"), {"single": body})
        load(service.port, script, seconds=1, connections=_CONNECTIONS)
        found: dict[bool, list[Round]] = {False: [], True: []}
        for number in range(arguments.rounds):
            for is_attacked, rounds in found.items():
                attack = [wrong] if is_attacked else []
                rounds.append(measure(service, script, right, attack, arguments.seconds))
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        costs = [cost_us(service, stream, arguments.seconds) for stream in (right, wrong)]
    show(found, arguments.rate, arguments.attack)
    print(f"processor time of a request by itself: right key {costs[0]:.0f} us, wrong key {costs[1]:.0f} us")


def measure(service: Running, script: Path, right: Stream, attack: Sequence[Stream], seconds: int) -> Round:
    """Load the service with right keys in both ways, and with the attack beside them."""
    with ThreadPoolExecutor() as pool:
        attacking = [pool.submit(offer, service.port, [stream], seconds=seconds) for stream in attack]
        busy = load(service.port, script, seconds=seconds, connections=_CONNECTIONS)
    for each in attacking:
        each.result()
    paced = offer(service.port, [right, *attack], seconds=seconds).latencies_ms(200, _RIGHT)
    return Round(rate=busy.rate, busy_p99_ms=busy.p99_ms, p50_ms=percentile(paced, 50), p99_ms=percentile(paced, 99))


def cost_us(service: Running, stream: Stream, seconds: int) -> float:
    """Processor time that the service takes for a request of a stream."""
    used_s = cpu_s(service.pid)
    sent = offer(service.port, [stream], seconds=seconds).answers
    return (cpu_s(service.pid) - used_s) / len(sent) * 1e6


def show(found: dict[bool, list[Round]], rate: float, attack: float) -> None:
    """Print the table and what is wanted of it."""
    print(f"\nright keys, alone and beside {attack:g} requests a second with a wrong key; one worker on one core\n")
    print("| right keys | alone | attacked | ratio |\n|---|---|---|---|")
    names = {
        "rate": f"{_CONNECTIONS} connections, requests/s",
        "busy_p99_ms": f"{_CONNECTIONS} connections, 99 %, ms",
        "p50_ms": f"{rate:g} requests/s, median, ms",
        "p99_ms": f"{rate:g} requests/s, 99 %, ms",
    }
    ratios = {}
    for field, name in names.items():
        alone, attacked = (statistics.median(getattr(each, field) for each in found[case]) for case in (False, True))
        ratios[field] = attacked / alone
        print(f"| {name} | {alone:,.2f} | {attacked:,.2f} | {ratios[field]:.2f} |")
    print()
    verdict(f"attacked / alone, {names['rate']}", ratios.pop("rate"), at_least=0.9)
    for field, ratio in ratios.items():
        verdict(f"attacked / alone, {names[field]}", ratio, at_most=1.1)


if __name__ == "__main__":
    main()
