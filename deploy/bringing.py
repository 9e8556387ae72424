"""Brings a tag to an environment: verified, by its platform, told in the ledger and, if it went wrong, in an issue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from core.bundle import Bundle
from core.errors import DeploymentFailed, GitHubError, LedgerError
from core.github.issues import Inbox
from core.ledger import Deployment, Environment
from core.registry import ModelRegistry
from core.tags import ModelTag
from deploy.judging.http_judge import HttpJudge
from deploy.notice import alert_of, key_of
from deploy.outcome import Outcome
from deploy.platform import Platform
from deploy.running import Run, Wish
from deploy.settings import DeploySettings

Tell = Callable[[str], None]
# Whoever goes back at night has to know that it is not done yet.
_WRITTEN_DOWN: Final = "DEPLOY_PLATFORM is not set: this was written down, and no service was touched."


def bring(settings: DeploySettings, place: Environment, wish: Wish, *, at: datetime | None, tell: Tell) -> str:
    """
    Let a tag serve an environment.

    Args:
        settings: Of this process.
        place: The environment.
        wish: What is wanted.
        at: When it is said to have happened; only where there is no platform, and it is a replay of the past.
        tell: Is told of every step.

    Returns:
        What came of it.

    Raises:
        DeploymentFailed: if something else serves.
        SlipwayError: if nothing was begun: the tag is not published, its bundle is damaged, another deployment runs.
    """
    bundle = verified(settings.registry, wish.tag)
    if settings.platform is None:
        return _write_down(settings, place, wish, bundle, at)
    if at is not None:
        raise LedgerError("--at is for a replay of the past; where there is a platform, it happens now")
    return _deploy(settings, settings.platform, place, wish, tell)


def verified(registry: ModelRegistry, tag: ModelTag) -> Bundle:
    """
    A published bundle whose every byte was checked, and whose golden rows came out right.

    Raises:
        SlipwayError: if it is not published, damaged, or does not score here as it was trained.
    """
    # Loaded here, so that --help and the history need no ONNX Runtime.
    from core.scorer import check_golden, load_scorer  # noqa: PLC0415  # see above

    bundle = registry.fetch(tag)
    check_golden(bundle, load_scorer(bundle))
    return bundle


def _write_down(settings: DeploySettings, place: Environment, wish: Wish, bundle: Bundle, at: datetime | None) -> str:
    now = datetime.now(UTC)
    _require_in_order(settings.ledger.history(place), at or now, now)
    entry = settings.ledger.record(place, wish.tag, at=at or now, reason=wish.reason)
    came = f", after {entry.previous}" if entry.previous else ", the first"
    checked = f"every file verified, {len(bundle.golden().rows)} golden rows scored"
    return f"{wish.tag} serves {place}{came}: {checked} ({wish.reason}). {_WRITTEN_DOWN}"


def _require_in_order(history: list[Deployment], at: datetime, now: datetime) -> None:
    newest = history[-1].at if history else at
    if not newest <= at <= now:
        since = f" and not before {newest.isoformat()}, when the last deployment was" if history else ""
        raise LedgerError(f"{at.isoformat()} cannot be when it happened: --at takes a time that is not to come{since}")


def _deploy(settings: DeploySettings, platform: Platform, place: Environment, wish: Wish, tell: Tell) -> str:
    tell(f"{wish.tag} is to serve {place} on {platform.name}: every file verified, golden rows scored.")
    judge = HttpJudge(
        settings.registry,
        settings.service_key,
        settings.policy,
        public_url=platform.url,
        settling_s=platform.settling_s,
    )
    outcome = Run(wish, platform, judge, settings.ledger, place, tell=tell).through()
    _tell_of(outcome, settings, platform, place, tell)
    sentence = outcome.sentence(place, platform.name)
    if not outcome.is_as_wanted:
        raise DeploymentFailed(sentence)
    return sentence


def _tell_of(outcome: Outcome, settings: DeploySettings, platform: Platform, place: Environment, tell: Tell) -> None:
    """In the issue; whatever comes of that, the deployment ended as it did."""
    if settings.alerts is None:
        return
    inbox = Inbox(settings.alerts)
    try:
        if outcome.is_as_wanted:
            inbox.settle(key_of(place), outcome.sentence(place, platform.name))
        else:
            raised = inbox.raise_alert(alert_of(outcome, place, platform.name, settings.run_url))
            tell(f"Issue {raised.done}: {raised.issue.html_url}")
    except GitHubError as error:
        tell(f"warning: the issue could not be told: {error}")
