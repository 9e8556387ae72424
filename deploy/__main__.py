"""The command line of deploying: `python -m deploy up | rollback | status | history | at | plan | ...`."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what deploying needs; run scripts/setup serve, then .venv/bin/python -m deploy")

from core.command import SlipwayGroup, TagType, columns
from core.errors import LedgerError, PlatformError, SlipwayError
from core.ledger import Deployment, Environment, champion
from core.summary import add_summary, table
from core.tags import ModelTag
from deploy.bringing import bring
from deploy.costs.command import cost
from deploy.experiments.command import experiment
from deploy.machine import begin
from deploy.plan import lines_of
from deploy.replay.command import replay
from deploy.rollback import target
from deploy.running import Wish
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
    up         verify a tag, and let it serve in the place of what serves now
    rollback   go back to the tag that served before
    status     what serves, by the ledger and by what the service runs on
    history    what served when
    at         what served at a time
    plan       what `up` would do, and what it costs
    cost       what set-ups cost a month for a traffic, and when more is needed
    experiment two tags side by side: start, status, readout, stop
    replay     what a tag would have answered to what the service was asked

    DEPLOY_PLATFORM names what the service runs on: host, compose, fly:APP or render:SERVICE. Without it a deployment
    is verified and written down, and nothing else.
    """


@main.command()
@click.argument("tag", type=TagType(), required=False)
@_ENVIRONMENT
@_REASON
@_AT
def up(tag: ModelTag | None, environment: str, reason: str, at: datetime | None) -> None:
    """Verify TAG and let it serve; without TAG, what serves, or where nothing does, what should by the ledger.

    Green, the new model, is started beside blue, the old one. It has to become ready, to score its golden rows as it
    should, and to answer the newest rows much as blue does; then the public reaches it, and it is watched. If anything
    is wrong, blue serves on or serves again, and the command ends with status 1. A deployment that was cut short goes
    on where it was when it is started again, and a tag that serves already is left alone.
    """
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    serving = champion(settings.ledger.history(place))
    wanted = tag or _serving(settings) or serving
    if wanted is None:
        raise LedgerError(f"nothing was deployed to {place} yet; name a tag, as python -m ml tags lists them")
    if settings.platform is None and serving == wanted:
        _say(f"{wanted} serves {place} already; nothing was done.")
        return
    _bring(settings, place, Wish(tag=wanted, reason=reason or "a new model"), at)


def _serving(settings: DeploySettings) -> ModelTag | None:
    """What the platform serves, if there is one and it serves anything."""
    situation = settings.platform.observe() if settings.platform else None
    return situation.serving.tag if situation and situation.serving else None


@main.command()
@_ENVIRONMENT
@click.option("--from", "bad", type=TagType(), help="Only if this tag serves; otherwise nothing is done.")
@_REASON
@_AT
def rollback(environment: str, bad: ModelTag | None, reason: str, at: datetime | None) -> None:
    """Go back to the tag that served before the present one.

    It is verified, but not compared with what serves, nor watched.
    """
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    history = settings.ledger.history(place)
    serving, previous = champion(history), target(history)
    if bad is not None and serving != bad:
        _say(f"{bad} does not serve {place}, {serving or 'nothing'} does; nothing was done.")
        return
    if previous is None:
        raise LedgerError(f"nothing served {place} before {serving or 'now'}; deploy another tag instead")
    why = f"rollback from {serving}" + (f": {reason}" if reason else "")
    _bring(settings, place, Wish(tag=previous, reason=why, is_return=True), at)


def _bring(settings: DeploySettings, place: Environment, wish: Wish, at: datetime | None) -> None:
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        click.echo(line)

    try:
        _say(bring(settings, place, wish, at=at, tell=tell))
    except SlipwayError as error:
        add_summary(os.environ, f"**{error}**")
        raise
    finally:
        if told:
            add_summary(os.environ, "```text\n" + "\n".join(told) + "\n```")


@main.command()
@_ENVIRONMENT
def status(environment: str) -> None:
    """Say what serves, by the ledger and by what the service runs on; status 1 if they differ."""
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    history = settings.ledger.history(place)
    serving = champion(history)
    since = f", since {history[-1].at:%Y-%m-%d %H:%M} UTC ({history[-1].reason})" if history else ""
    click.echo(f"By the ledger {serving or 'nothing'} serves {place}{since}.")
    if settings.platform is None:
        click.echo("DEPLOY_PLATFORM is not set, so that no service was asked what it serves.")
        return
    situation = settings.platform.observe()
    found = situation.serving.tag if situation.serving else None
    click.echo(f"{settings.platform.name} ({settings.platform.url}) serves {found or 'nothing'}.")
    if situation.busy:
        click.echo(f"It is busy: {situation.busy}.")
    if situation.kept:
        click.echo(f"{situation.kept} stands by; a deployment was cut short while it was watched.")
    for remnant in situation.remnants:
        click.echo(f"Left behind: {remnant.name}{f' of {remnant.tag}' if remnant.tag else ''}.")
    if found != serving:
        raise PlatformError(f"ledger and {settings.platform.name} differ; python -m deploy up puts that right")


@main.command()
@click.argument("tag", type=TagType())
@_ENVIRONMENT
def plan(tag: ModelTag, environment: str) -> None:
    """Say what `up TAG` would do as things stand, and what the service costs a month; nothing is changed."""
    settings, place = DeploySettings.from_env(os.environ), Environment(environment)
    serving = champion(settings.ledger.history(place))
    settings.registry.fetch(tag)
    if settings.platform is None:
        click.echo(
            f"{tag} would be verified and written down to serve {place}, after {serving or 'nothing'}. "
            "DEPLOY_PLATFORM is not set, so that nothing else would happen."
        )
        return
    platform, situation = settings.platform, settings.platform.observe()
    course = begin(tag, situation, serving)
    click.echo("\n".join(lines_of(tag, course, situation, platform, platform.machines())))
    click.echo("The database, egress and minutes beside them: python -m deploy cost.")


@main.command()
@click.argument("time", type=_Moment())
@_ENVIRONMENT
def at(time: datetime, environment: str) -> None:
    """Say what served at TIME, such as 2026-05-01T06:00 (UTC unless it says otherwise)."""
    if time > datetime.now(UTC):
        raise LedgerError(f"{time:%Y-%m-%d %H:%M:%S %Z} is to come; nobody can tell what will serve then")
    history = DeploySettings.from_env(os.environ).ledger.history(Environment(environment))
    past = [number for number, deployment in enumerate(history) if deployment.at <= time]
    if not past:
        click.echo(f"Nothing served {environment} at {time:%Y-%m-%d %H:%M:%S %Z}.")
        return
    deployment, later = history[past[-1]], history[past[-1] + 1 :]
    until = f"{later[0].at:%Y-%m-%d %H:%M:%S} UTC, then {later[0].tag}" if later else "now"
    click.echo(
        f"{deployment.tag} served {environment} at {time:%Y-%m-%d %H:%M:%S %Z}: from "
        f"{deployment.at:%Y-%m-%d %H:%M:%S} UTC ({deployment.reason}) until {until}."
    )


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


main.add_command(cost)
main.add_command(experiment)
main.add_command(replay)


if __name__ == "__main__":
    # Whoever is told to end by another process ends as after a Ctrl-C: what it started does not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(prog_name="python -m deploy")
