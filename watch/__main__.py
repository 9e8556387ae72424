"""The command line of the watch: `python -m watch receive | look`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

try:
    import click
except ModuleNotFoundError:
    sys.exit("error: this Python lacks what this needs; run scripts/setup serve, then .venv/bin/python -m watch")

from core.command import SlipwayGroup, printable, require_free
from core.errors import IssuesDisabled, ServiceError
from core.github.issues import Inbox
from core.logs import configure_logs
from core.service import Service
from core.summary import add_summary
from watch.judging import Verdict
from watch.looking import Looker, line, look, summary
from watch.memory import Memory
from watch.settings import LookSettings, ReceiverSettings


@click.group(cls=SlipwayGroup)
def main() -> None:
    """Tell in GitHub's issues what is wrong with a running service.

    \b
    receive   take Alertmanager's messages: one issue for each alert
    look      look at a service, and say the same of it without a Prometheus
    """


@main.command()
def receive() -> None:
    """Take Alertmanager's messages on WATCH_HOST:WATCH_PORT until told to stop.

    An alert's issue is opened when it is true, rewritten when that changes, and closed with a comment once it is over.
    While GitHub is away Alertmanager is told to send again. Without a repository the log tells.
    """
    settings = ReceiverSettings.from_env(os.environ)
    require_free(settings.host, settings.port, "WATCH_PORT", "WATCH_HOST")
    from watch.serving import Receiver  # noqa: PLC0415  # whoever only looks needs no server

    click.echo(f"Receiving on http://{settings.host}:{settings.port}/alerts; stop with Ctrl-C", err=True)
    Receiver(settings).run()


@main.command(name="look")
def look_at() -> None:
    """Ask the service at SERVICE_URL how it is, and hold an issue of WATCH_ALERTS for each thing that is wrong.

    An issue is closed by the look that finds it mended. What only grows is counted since the last look; what the look
    before has to know is kept in a closed issue. Without WATCH_ALERTS nothing is told or remembered: what only grows
    is then not judged, and the exit status is 1 if something is wrong.
    """
    # What is asked twice is of no interest between the lines.
    configure_logs("warning")
    settings, seen = LookSettings.from_env(os.environ), list[tuple[Verdict, str]]()

    def say(verdict: Verdict, done: str) -> None:
        seen.append((verdict, done))
        click.echo(printable(line(verdict, done)))

    service = Service(settings.url, settings.key) if settings.url else None
    if service is None:
        click.echo(
            "SERVICE_URL is not set (in GitHub's workflow the variable PRODUCTION_URL): no service is looked at."
        )
    try:
        problem = _look(settings, service, say)
    finally:
        if seen:
            add_summary(os.environ, summary(seen))
    if problem is not None:
        raise problem
    if settings.alerts is None and any(verdict.is_true for verdict, _ in seen):
        # Whoever is not told by an issue is by this.
        sys.exit(1)


def _look(settings: LookSettings, service: Service | None, say: Callable[[Verdict, str], None]) -> ServiceError | None:
    now = datetime.now(UTC)
    if settings.alerts is not None:
        try:
            return Looker(Inbox(settings.alerts), page=settings.alerts.settings.page).look(service, now, say)
        except IssuesDisabled as error:
            if service is not None:
                raise
            # A fork has none, and nothing to look at.
            click.echo(f"{error}; until then nothing can be told.")
            return None
    if service is None:
        return None
    looked = look(service, Memory(), now)
    for verdict in looked.verdicts:
        say(verdict, "")
    return looked.problem


if __name__ == "__main__":
    main(prog_name="python -m watch")
