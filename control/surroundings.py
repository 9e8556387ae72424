"""What a repository needs around its code: environments, secrets, variables, issues."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from control.finding import Finding, good, missing, warning
from core.github.client import GitHub
from core.github.issues import Inbox
from core.ledger import Environment as Name

_REVIEWERS: Final = "required_reviewers"
_TRACKING: Final = "WANDB_API_KEY"
_PLATFORM: Final = "DEPLOY_PLATFORM"
# What a platform needs, by the beginning of its name.
_TOKENS: Final = {"fly:": "FLY_API_TOKEN", "render:": "RENDER_API_KEY"}
_KEY: Final = "SERVICE_KEY"
_SOURCE: Final = "DRIFT_SOURCE"
_SERVICE: Final = "PRODUCTION_URL"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What must happen before something is deployed to an environment."""

    type: str


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment, as GitHub shows it."""

    name: str
    protection_rules: list[Rule] = []

    @property
    def has_reviewers(self) -> bool:
        """Whether somebody has to agree first."""
        return any(rule.type == _REVIEWERS for rule in self.protection_rules)


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret's name; its value is never told."""

    name: str


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable."""

    name: str
    value: str


def examine_environments(github: GitHub) -> Iterator[Finding]:
    """Whether there is everywhere to deploy to."""
    found = list(github.pages(Environment, "environments", field="environments"))
    yield from judge_environments(found, f"{github.settings.page}/settings/environments")


def judge_environments(found: Sequence[Environment], page: str) -> Iterator[Finding]:
    """What to say of the environments."""
    # GitHub takes two names for one if they differ in capitals only.
    known = {environment.name.lower(): environment for environment in found}
    for name in sorted(Name):
        if name.value not in known:
            yield missing(f"the environment {name.value} is missing", f"{page}/new")
            continue
        yield good(f"the environment {name.value} is there")
        if name is Name.PRODUCTION and not known[name.value].has_reviewers:
            yield warning(
                f"nobody has to agree before something is deployed to {name.value}",
                f"add a required reviewer at {page}; a private repository needs GitHub Enterprise for that",
            )


def examine_secrets(github: GitHub) -> Iterator[Finding]:
    """Whether the secrets are there, by their names."""
    yield from judge_secrets(_secrets(github), github.settings.repository)


def _secrets(github: GitHub) -> frozenset[str]:
    return frozenset(secret.name for secret in github.pages(Secret, "actions", "secrets", field="secrets"))


def judge_secrets(found: Collection[str], repository: str) -> Iterator[Finding]:
    """What to say of the secrets; those of an environment or an organisation are not among them."""
    if _TRACKING in found:
        yield good(f"the secret {_TRACKING} is there")
    else:
        yield warning(
            f"the secret {_TRACKING} is missing: runs stay in the job instead of going to Weights & Biases",
            f"gh secret set {_TRACKING} --repo {repository}",
        )


def examine_variables(github: GitHub) -> Iterator[Finding]:
    """Whether the check of drift is told where its rows are, looks where the service is, and deployments where to."""
    found = {each.name: each.value for each in github.pages(Variable, "actions", "variables", field="variables")}
    page, repository = f"{github.settings.page}/settings/variables/actions", github.settings.repository
    yield judge_variables(found, repository, page)
    yield judge_service(found, repository)
    platform = found.get(_PLATFORM, "")
    secrets = (
        {secret.name for secret in github.pages(Secret, "actions", "secrets", field="secrets")} if platform else ()
    )
    yield from judge_platform(platform, secrets, repository)


def judge_platform(platform: str, secrets: Collection[str], repository: str) -> Iterator[Finding]:
    """
    What to say of where models are deployed to.

    Args:
        platform: The variable DEPLOY_PLATFORM; empty if it is not there. That of an environment is not known here.
        secrets: Their names; those of an environment are not among them.
        repository: OWNER/NAME.
    """
    if not platform:
        yield warning(
            f"the variable {_PLATFORM} is missing: deployments are only written down",
            f"gh variable set {_PLATFORM} --repo {repository} --body fly:APP, or render:SERVICE, "
            "see docs/deploying.md; or set it in the environments",
        )
        return
    yield good(f"the variable {_PLATFORM} is there: {platform}")
    token = next((name for kind, name in _TOKENS.items() if platform.startswith(kind)), None)
    for name in filter(None, (token, _KEY)):
        if name in secrets:
            yield good(f"the secret {name} is there")
        else:
            text = f"the secret {name} is missing, unless the environments have it: {platform} cannot be deployed to"
            yield warning(text, f"gh secret set {name} --repo {repository}")


def judge_variables(found: Collection[str], repository: str, page: str) -> Finding:
    """What to say of the variables; those of an organisation are not among them."""
    if _SOURCE in found:
        return good(f"the variable {_SOURCE} is there")
    return warning(
        f"the variable {_SOURCE} is missing: drift.yml has no rows to check",
        f"set it to where they are, such as the service's URL, at {page}; or gh variable set {_SOURCE} --repo "
        f"{repository}",
    )


def judge_service(found: Collection[str], repository: str) -> Finding:
    """What to say of where the service in production is."""
    if _SERVICE in found:
        return good(f"the variable {_SERVICE} is there")
    return warning(
        f"the variable {_SERVICE} is missing: watch.yml and experiment.yml have no service to look at",
        f"gh variable set {_SERVICE} --repo {repository} --body https://ADDRESS, and the secret {_KEY}, of scope admin",
    )


def examine_issues(inbox: Inbox, page: str) -> Iterator[Finding]:
    """Whether there are issues, into which alerts go."""
    if inbox.is_enabled():
        yield good("issues are switched on")
    else:
        yield missing(
            "issues are switched off, so that no alert arrives", f"switch them on under Features: {page}/settings"
        )
