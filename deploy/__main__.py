"""The command line of deploying: `python -m deploy up | rollback | history`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what deploying needs; run scripts/setup serve, then .venv/bin/python -m deploy")

from core.command import SlipwayGroup, TagType, columns
from core.errors import LedgerError
from core.ledger import Deployment, Environment, champion
from core.summary import add_summary, table
from core.tags import ModelTag
from deploy.rollback import target
from deploy.settings import DeploySettings

_ENVIRONMENT = click.option(
    "--environment",
    type=click.Choice([each.value for each in Environment]),
    default=Environment.PRODUCTION.value,
    show_default=True,
    help="Where.",
)
_REASON = click.option("--reason", default="", envvar="DEPLOY_REASON", help="Why, for the ledger.")


class _Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("takes an ISO 8601 time such as 2013-05-01T06:00:00+00:00", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_AT = click.option(
    "--at",
    type=_Moment(),
    envvar="DEPLOY_AT",
    help="When it is said to have happened, for a replay of the past  [default: now]",
)


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Bring a published tag to an environment, or go back to the one before.

    \b
    up         verify a tag, and make it what an environment serves
    rollback   go back to the tag that served before
    history    list what served when
    """


@main.command()
@click.argument("tag", type=TagType())
@_ENVIRONMENT
@_REASON
@_AT
def up(tag: ModelTag, environment: str, reason: str, at: datetime | None) -> None:
    """Verify TAG, score its golden rows and record that it serves.

    A tag that serves already is left alone, so that a deployment can be started twice.
    """
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    history = settings.ledger.history(place)
    if champion(history) == tag:
        _say(f"{tag} serves {place} already; nothing was done.")
        return
    _bring(settings, history, place, tag, reason=reason or "a new model", at=at)


@main.command()
@_ENVIRONMENT
@click.option("--from", "bad", type=TagType(), help="Only if this tag serves; otherwise nothing is done.")
@_REASON
@_AT
def rollback(environment: str, bad: ModelTag | None, reason: str, at: datetime | None) -> None:
    """Go back to the tag that served before the present one."""
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    history = settings.ledger.history(place)
    serving, previous = champion(history), target(history)
    if bad is not None and serving != bad:
        _say(f"{bad} does not serve {place}, {serving or 'nothing'} does; nothing was done.")
        return
    if previous is None:
        raise LedgerError(f"nothing served {place} before {serving or 'now'}; deploy another tag instead")
    why = f"rollback from {serving}" + (f": {reason}" if reason else "")
    _bring(settings, history, place, previous, reason=why, at=at)


def _bring(
    settings: DeploySettings,
    history: list[Deployment],
    place: Environment,
    tag: ModelTag,
    *,
    reason: str,
    at: datetime | None,
) -> None:
    # Loaded here, so that --help and the history need no ONNX Runtime.
    from core.scorer import check_golden, load_scorer  # noqa: PLC0415  # see above

    now = datetime.now(UTC)
    _require_in_order(history, at or now, now)
    bundle = settings.registry.fetch(tag)
    check_golden(bundle, load_scorer(bundle))
    entry = settings.ledger.record(place, tag, at=at or now, reason=reason)
    came = f", after {entry.previous}" if entry.previous else ", the first"
    _say(f"{tag} serves {place}{came}: every file verified, {len(bundle.golden().rows)} golden rows scored ({reason}).")


def _require_in_order(history: list[Deployment], at: datetime, now: datetime) -> None:
    newest = history[-1].at if history else at
    if not newest <= at <= now:
        since = f" and not before {newest.isoformat()}, when the last deployment was" if history else ""
        raise LedgerError(f"{at.isoformat()} cannot be when it happened: --at takes a time that is not to come{since}")


@main.command("history")
@_ENVIRONMENT
def show_history(environment: str) -> None:
    """List what served when, oldest first."""
    history = DeploySettings.from_env(os.environ).ledger.history(Environment(environment))
    if not history:
        click.echo(f"Nothing was deployed to {environment} yet; python -m deploy up TAG does it.")
        return
    head, rows = ("since", "tag", "before", "reason"), [_row(deployment) for deployment in history]
    click.echo(columns(head, rows))
    add_summary(os.environ, f"### What served {environment}\n\n{table(head, rows)}")


def _row(deployment: Deployment) -> tuple[str, ...]:
    return (
        f"{deployment.at:%Y-%m-%d %H:%M}",
        str(deployment.tag),
        str(deployment.previous or "-"),
        deployment.reason,
    )


def _say(text: str) -> None:
    click.echo(text)
    add_summary(os.environ, text)


if __name__ == "__main__":
    main(prog_name="python -m deploy")
