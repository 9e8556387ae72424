"""`python -m ml traffic`: rows replayed against a running service."""

from __future__ import annotations

import os
import re
import sys
from datetime import datetime
from pathlib import Path

import click

from core.command import Number
from ml.options import DAY, MODEL_FILE
from ml.settings import TrafficSettings

_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")


def _url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _URL.fullmatch(value):
        raise click.BadParameter("takes the address of a service, such as http://127.0.0.1:8000")
    return value


@click.command()
@MODEL_FILE
@click.option("--url", callback=_url, help="Where the service is  [default: http://127.0.0.1:PORT]")
@click.option("--since", type=DAY, help="The first day (YYYY-MM-DD)  [default: a month before --until]")
@click.option("--until", type=DAY, help="The day after the last one  [default: the day after the last row]")
@click.option("--limit", type=click.IntRange(1), help="Send so many rows at most, the first ones.")
@click.option(
    "--rate",
    type=Number(0.001, 100_000),
    default=50,
    show_default=True,
    help="Rows per second.",
)
@click.option("--batch", type=click.IntRange(1, 1_000_000), default=1, show_default=True, help="Rows per request.")
@click.option("--connections", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at a time.")
@click.option("--outcomes/--no-outcomes", default=True, show_default=True, help="Report what turned out to be true.")
def traffic(
    *,
    model_file: Path,
    url: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    rate: float,
    batch: int,
    connections: int,
    outcomes: bool,
) -> None:
    """Replay real rows against a running service, as callers would send them; then report their true outcomes.

    The rows are those of the data that model.toml names, in the order of time: by default those of the last month,
    or all where there is no time column. A service that asks to come again (429, 503) is asked again for half a
    minute. Ctrl-C stops the sending; what was answered by then is still reported, and a second Ctrl-C stops that.

    The key that a service asks for is taken from the environment variable API_KEY. It needs the scopes predict and
    outcomes.

    \b
    scripts/traffic --since 2013-12-01 --until 2014-01-01 --rate 200
    API_KEY=slip_... scripts/traffic --url https://mine.example --limit 1000
    """
    from ml import traffic as replay
    from ml.datasets.download import Downloads
    from ml.problem import read_problem
    from ml.progress import Progress
    from ml.service import Service

    settings, progress = TrafficSettings.from_env(os.environ), Progress()
    problem = read_problem(model_file, Downloads.from_env(os.environ, progress.transferred).fetch)
    target = problem.contract.target
    with progress.step("Reading the data"):
        data = replay.choose(problem.load(None), since and since.date(), until and until.date(), limit)
    service = Service(url or f"http://127.0.0.1:{settings.port}", settings.api_key, target, connections=connections)
    plan = replay.Plan(rate=rate, batch=batch, connections=connections)
    sent = replay.send(data, service, plan, progress)
    click.echo(f"\nSent to {service.url}:")
    for name, text in replay.summary(data, target, sent, plan):
        click.echo(f"  {name:<18} {text}")
    is_stopped = sent.is_stopped
    if outcomes:
        reported = replay.report(data, target, sent, service, progress)
        click.echo(f"  {'outcomes':<18} {reported}")
        is_stopped = is_stopped or bool(reported.left_out)
    click.echo(f"Next: GET {service.url}/v1/journal lists rows and answers, /v1/journal/outcomes what was reported")
    if is_stopped:
        sys.exit(130)
