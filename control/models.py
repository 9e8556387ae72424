"""Whether there is a model, and whether one serves."""

from __future__ import annotations

from collections.abc import Iterator

from control.finding import Finding, good, warning
from core.ledger import DeploymentLedger, Environment, champion
from core.registry import ModelRegistry


def examine_models(registry: ModelRegistry, repository: str) -> Iterator[Finding]:
    """
    Whether a model is published.

    Raises:
        RegistryError: if that cannot be read.
    """
    tags = registry.tags()
    if tags:
        yield good(f"the newest published model is {tags[-1]}")
    else:
        yield warning("no model is published yet", f"gh workflow run train.yml --repo {repository}")


def examine_champion(ledger: DeploymentLedger, registry: ModelRegistry, repository: str) -> Iterator[Finding]:
    """
    Whether the ledger names a champion.

    Raises:
        LedgerError: if that cannot be read.
        RegistryError: if it does not, and what could serve cannot be read.
    """
    tag = champion(ledger.history(Environment.PRODUCTION))
    if tag is not None:
        yield good(f"{tag} serves production")
        return
    tags = registry.tags()
    mend = f"gh workflow run deploy.yml --repo {repository} -f tag={tags[-1]}" if tags else "publish one first"
    yield warning("no model serves production yet", mend)
