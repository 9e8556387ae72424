"""The command line of the control plane: `python -m control watchdog | doctor`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what this needs; run scripts/setup serve, then .venv/bin/python -m control")

from control.doctor import Doctor
from control.finding import Finding, Mark
from control.origin import origin_of
from control.running import workflow_files
from control.schedules import schedules_among
from control.settings import read_settings
from control.watchdog import Watchdog
from core.command import SlipwayGroup
from core.errors import SlipwayError
from core.github.client import GitHub
from core.github.deployments import DeploymentsLedger
from core.github.settings import DEFAULT_SERVER_URL, GitHubSettings, is_repository
from core.github.transport import Transport
from core.logs import configure_logs
from core.places import open_registry
from core.summary import add_summary

_COLOURS: Final = {Mark.GOOD: "green", Mark.WARNING: "yellow", Mark.UNKNOWN: "cyan", Mark.MISSING: "red"}
# Somebody is waiting for the doctor, and can ask again.
_PATIENCE_S: Final = 5.0


def _checked(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not is_repository(value):
        raise click.BadParameter("takes OWNER/NAME")
    return value


_REPOSITORY = click.option(
    "--repository",
    callback=_checked,
    metavar="OWNER/NAME",
    help="On GitHub  [default: GITHUB_REPOSITORY, else that of the git remote origin]",
)


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Care for the control plane on GitHub.

    \b
    watchdog   keep schedules alive; hold one issue for those that do not run
    doctor     say what is missing before Slipway can run on GitHub, and how to mend it
    """
    # What GitHub is asked twice is of no interest between the lines.
    configure_logs("warning")


@main.command()
@_REPOSITORY
def watchdog(repository: str | None) -> None:
    """Look at the workflows that run by the clock.

    Those that GitHub has disabled for want of activity are enabled again, and the others too, which puts off the day
    on which it would disable them. One issue lists those that have not succeeded for too long or were disabled by
    somebody; it is rewritten when that changes, and closed once all is well. Run twice, the issue stays as it is.
    """
    settings, files = _settings(repository), workflow_files(Path())
    if not schedules_among(files):
        # Whoever sees no schedules must not say that all of them run.
        raise SlipwayError("no workflow in .github/workflows runs by the clock; run this in a checkout")
    report = Watchdog(GitHub(settings)).watch(files, datetime.now(UTC))
    for line in report.lines:
        click.echo(line)
    add_summary(os.environ, report.markdown)
    if not report.is_done:
        sys.exit(1)


@main.command()
@_REPOSITORY
def doctor(repository: str | None) -> None:
    """Say what is missing before Slipway can run on GitHub, and how to mend it. Nothing is changed.

    The exit status is 0 unless something marked ✗ is missing.

    \b
    GITHUB_TOKEN=$(gh auth token) scripts/doctor --repository OWNER/NAME
    """
    settings = _settings(repository)
    github = GitHub(settings, Transport(settings, patience_s=_PATIENCE_S))
    examined = Doctor(
        github=github,
        registry=open_registry(str(github), os.environ, patience_s=_PATIENCE_S),
        ledger=DeploymentsLedger(github),
        files=workflow_files(Path()),
        now=datetime.now(UTC),
    )
    missing = 0
    for finding in examined.examine():
        _show(finding)
        missing += finding.mark is Mark.MISSING
    if missing:
        click.echo(f"\nMissing: {missing}")
        sys.exit(1)
    click.echo("\nAll that is needed is there.")


def _settings(repository: str | None) -> GitHubSettings:
    def origin() -> str | None:
        return origin_of(Path(), os.environ.get("GITHUB_SERVER_URL") or DEFAULT_SERVER_URL)

    return read_settings(os.environ, repository=repository, origin=origin)


def _show(finding: Finding) -> None:
    click.echo(f"{click.style(finding.mark.value, fg=_COLOURS[finding.mark], bold=True)} {finding.text}")
    if finding.mend:
        click.echo(f"    {click.style(finding.mend, dim=True)}")


if __name__ == "__main__":
    main(prog_name="python -m control")
