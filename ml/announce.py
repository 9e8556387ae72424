"""What a workflow run is told of a training, and what it starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from core.github.actions import Workflows
from core.ledger import DeploymentLedger, Environment
from core.manifest import Manifest
from core.places import open_github
from core.summary import table
from core.tags import ModelTag
from ml.card import plain
from ml.figures import metric_text


def as_summary(manifest: Manifest, *, is_published: bool) -> str:
    """A training as Markdown: the verdict first, then its reasons and the figures."""
    gate = manifest.gate
    if is_published:
        headline = f"{manifest.tag} was published"
    elif gate.accepted:
        headline = f"{manifest.tag} was accepted, and is not published"
    else:
        headline = f"{manifest.tag} was refused; {gate.champion or 'nothing'} stays"
    known = f", with what was known on {manifest.lineage.as_of}" if manifest.lineage.as_of else ""
    figures = [(name, metric_text(metric)) for name, metric in manifest.metrics.items()]
    return "\n\n".join(
        [
            f"## {headline}",
            f"Trained on {manifest.lineage.fitted.rows:,} rows{known}; compared with {plain(gate.compared_with)}.",
            "\n".join(f"- {plain(reason)}" for reason in gate.reasons),
            table(("on the holdout", ""), figures),
        ]
    )


def lost_start(workflow: str, manifest: Manifest, ledger: DeploymentLedger, environment: Mapping[str, str]) -> bool:
    """
    Whether the start of what deploys a published model got lost: it was never deployed, and nothing was started since.

    Otherwise somebody may have refused it, or gone back from it.

    Raises:
        LedgerError, GitHubError: if that cannot be read.
    """
    if any(entry.tag == manifest.tag for entry in ledger.history(Environment.PRODUCTION)):
        return False
    return not was_started_since(workflow, manifest.created_at, environment)


def was_started_since(workflow: str, moment: datetime, environment: Mapping[str, str]) -> bool:
    """
    Whether a workflow was started at or after a moment, by whomever.

    Raises:
        GitHubError: if its runs cannot be listed.
    """
    newest = Workflows(open_github(environment)).newest_run(workflow)
    return newest is not None and newest >= moment


def start_workflow(workflow: str, tag: ModelTag, as_of: date | None, environment: Mapping[str, str]) -> str:
    """
    Start a workflow with a tag, and say so.

    Args:
        workflow: Name of its file.
        tag: Its input `tag`.
        as_of: The replay's clock; its input `at`, so that the ledger says when in the past it was.
        environment: Names the repository and the branch, as Actions does.

    Raises:
        SettingsError: if it names no repository.
        DispatchRefused: if there is no such workflow, it is disabled, or it takes not these inputs.
        GitHubError: if the workflow cannot be started for another reason.
    """
    github = open_github(environment)
    inputs = {"tag": str(tag)}
    if as_of is not None:
        inputs["at"] = datetime.combine(as_of, time(), UTC).isoformat()
    ref = environment.get("GITHUB_REF_NAME") or "main"
    return f"Started {workflow} for {tag}: {Workflows(github).dispatch(workflow, ref=ref, inputs=inputs)}"
