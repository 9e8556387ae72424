"""The issue that tells of a model that did not come into service."""

from __future__ import annotations

from core.github.alert import Alert
from core.ledger import Environment
from core.summary import table
from deploy.machine import End
from deploy.outcome import Outcome


def key_of(environment: Environment) -> str:
    """Names the issue of an environment's deployments."""
    return f"deploy/{environment}"


def alert_of(outcome: Outcome, environment: Environment, platform: str, run_url: str) -> Alert:
    """
    What is told of a deployment that did not end as it was wanted.

    Args:
        outcome: How it ended.
        environment: Where.
        platform: What the service runs on, as a sentence names it.
        run_url: The page of the workflow run; empty if there is none.
    """
    parts = [f"**{outcome.sentence(environment, platform)}**", _evidence(outcome), _next(outcome)]
    if run_url:
        parts.append(f"[The run that tried]({run_url}).")
    return Alert(
        key=key_of(environment),
        title=f"{outcome.green} does not serve {environment}: {outcome.end}",
        body="\n\n".join(filter(None, parts)),
        labels=("deploy", "severity:critical" if outcome.end is End.STUCK else "severity:alert"),
    )


def _evidence(outcome: Outcome) -> str:
    rows = [
        (step, each.name, each.found, each.allowed, "**no**" if each.is_breach else "yes")
        for step, verdict in outcome.verdicts.items()
        for each in verdict.evidence
    ]
    return table(("step", "looked at", "found", "wanted", "all right"), rows) if rows else ""


def _next(outcome: Outcome) -> str:
    if outcome.end is End.STUCK:
        return "Somebody has to look at the platform now."
    nobody = "nobody" if outcome.end is End.STOPPED else "nobody, or by what does not do well"
    return (
        f"Callers are served by {outcome.serving or nobody}. Look at the model, or deploy it again if the trouble "
        "passed: this issue is closed by the next deployment that succeeds."
    )
