"""What a workflow file says of itself: which actions it uses, and what its jobs may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_RANK = {"none": 0, "read": 1, "write": 2}


class UnclearWorkflow(Exception):
    """A workflow file does not say what has to be known before it is run."""

    def __init__(self, workflow_file: Path, problem: str) -> None:
        self.workflow_file, self.problem = workflow_file, problem
        super().__init__(f"{workflow_file}: {problem}")


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Action:
    """
    An action of another repository.

    Attributes:
        repository: Its owner and name, such as `actions/checkout`.
        reference: The commit, tag or branch that is wanted.
    """

    repository: str
    reference: str


def read_workflow(workflow_file: Path) -> dict[str, Any]:
    """The file's content; YAML 1.2, in which the key `on` is a word and no truth value."""
    content = YAML(typ="safe", pure=True).load(workflow_file.read_text())
    if not isinstance(content, dict):
        raise UnclearWorkflow(workflow_file, "a workflow is a mapping")
    return content


def actions_of(workflow_file: Path) -> frozenset[Action]:
    """Every action of another repository that the file names, at whatever depth."""
    return frozenset(
        Action(repository="/".join(path.split("/")[:2]), reference=reference)
        for path, _, reference in (used.partition("@") for used in _used(read_workflow(workflow_file)))
        if not path.startswith("./")
    )


def _used(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "uses" and isinstance(value, str):
                yield value
            else:
                yield from _used(value)
    elif isinstance(node, list):
        for value in node:
            yield from _used(value)


def permissions_of(workflow_file: Path) -> dict[str, str]:
    """
    What the jobs of a workflow may do, taken together.

    GitHub makes a token for each job; here one serves all jobs of a run, so it has what any of them asks for.

    Returns:
        `read` or `write` by permission, such as `{"contents": "read"}`.

    Raises:
        UnclearWorkflow: if a job names no permissions and the workflow none for it, or names them all in one word: what
            such a token may do is a setting of the repository.
    """
    workflow, union = read_workflow(workflow_file), dict[str, str]()
    for name, job in workflow.get("jobs", {}).items():
        wanted = job.get("permissions", workflow.get("permissions"))
        if not isinstance(wanted, dict):
            raise UnclearWorkflow(workflow_file, f"job {name}: permissions have to be named one by one")
        for permission, level in wanted.items():
            if _RANK[level] > _RANK[union.get(permission, "none")]:
                union[permission] = level
    return union
