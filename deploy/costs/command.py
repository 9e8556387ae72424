"""`python -m deploy cost`."""

from __future__ import annotations

import click

from core.command import Number
from core.documents import to_json
from deploy.costs.figures import figures
from deploy.costs.setups import SETUPS, Where
from deploy.costs.telling import Question, lines_of
from deploy.costs.traffic import Traffic
from deploy.costs.workflows import scheduled


@click.command()
@click.option("--rows-per-day", type=Number(1, 1e10), default=1000, show_default=True, help="Rows that are scored.")
@click.option(
    "--rows-per-request", type=click.IntRange(1, 100_000), default=1, show_default=True, help="In a request, of these."
)
@click.option(
    "--hours-per-day",
    type=Number(1, 24),
    default=10,
    show_default=True,
    help="In which somebody asks; in the others a database may sleep.",
)
@click.option(
    "--outcomes",
    type=Number(0, 1),
    default=1,
    show_default=True,
    help="Share of the rows whose outcome is reported.",
)
@click.option("--retention-days", type=click.IntRange(1, 36_500), help="JOURNAL_RETENTION_DAYS  [default: for ever]")
@click.option("--sample", type=Number(0, 1), default=1, show_default=True, help="JOURNAL_SAMPLE.")
@click.option("--ship-every", type=Number(0, 86_400), default=0, show_default=True, help="JOURNAL_SHIP_EVERY_S.")
@click.option("--platform", type=click.Choice([each.value for each in Where]), help="Only this one.")
@click.option("--host-usd", type=Number(0), help="What a host of your own costs a month.")
@click.option("--minutes", type=Number(0), default=0, help="Of GitHub's runners beside schedules, a month.")
@click.option("--public", "is_public", is_flag=True, help="The repository is public: minutes cost nothing.")
@click.option("--json", "is_json", is_flag=True, help="For programs.")
def cost(
    *,
    rows_per_day: float,
    rows_per_request: int,
    hours_per_day: float,
    outcomes: float,
    retention_days: int | None,
    sample: float,
    ship_every: float,
    platform: str | None,
    host_usd: float | None,
    minutes: float,
    is_public: bool,
    is_json: bool,
) -> None:
    """Say what each set-up costs a month, what it carries, and when it needs more.

    Nothing is asked of anybody: prices are those of deploy/prices.py with the day they were read, sizes and speeds
    those that benches measured on a table of 20 features.
    """
    question = Question(
        setups=[setup for setup in SETUPS if platform in {None, setup.where}],
        traffic=Traffic(
            rows_per_day=rows_per_day,
            rows_per_request=rows_per_request,
            hours_per_day=hours_per_day,
            outcomes=outcomes,
            sample=sample,
            retention_days=retention_days,
            ship_every_s=ship_every,
        ),
        host_usd=host_usd,
        schedules=scheduled(),
        minutes=minutes,
        is_public=is_public,
    )
    if is_json:
        click.echo(to_json(figures(question)), nl=False)
        return
    click.echo("\n".join(lines_of(question)))
