"""The routes under `/_double/`, by which other processes fill the double, plant faults, run workflows, read records."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import msgspec

from doubles.github import control_bodies as bodies
from doubles.github.api import Request, refused
from doubles.github.exchange import Answer, answer_json, answer_nothing
from doubles.github.faults import Faults
from doubles.github.records import Records
from doubles.github.refusals import NotFound, Refusal, Unprocessable
from doubles.github.resources.environments import ensure_environment
from doubles.github.resources.runs import queue_run
from doubles.github.seeding import add_commit, add_repository, add_token, add_workflow
from doubles.github.state import Repository, Run, Token, Variable, Workflow
from doubles.github.world import World

CONTROL = "/_double/"


def answer_control(world: World, records: Records, faults: Faults, request: Request) -> Answer:
    """Answer a request under `/_double/`; whoever calls this holds the double's lock."""
    desk = Desk(world, records, faults)
    for method, pattern, handler in desk.routes:
        found = re.fullmatch(CONTROL + pattern, request.path)
        if found and method == request.method:
            try:
                return handler(request.body, *found.groups())
            except msgspec.ValidationError as error:
                return refused(Unprocessable(str(error)))
            except Refusal as refusal:
                return refused(refusal)
    return refused(NotFound())


class Desk:
    """The control routes, each a method that takes the request's body and what the path names."""

    def __init__(self, world: World, records: Records, faults: Faults) -> None:
        self._world, self._records, self._faults = world, records, faults
        repository = r"repositories/([^/]+/[^/]+)"
        self.routes: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
            ("GET", "", self.tell_addresses),
            ("GET", "(calls|violations|leaks)", self.tell_records),
            ("DELETE", "(calls|violations|leaks)", self.forget_records),
            ("POST", "faults", self.plant_fault),
            ("DELETE", "faults", self.clear_faults),
            ("PUT", "clock", self.set_clock),
            ("POST", "tokens", self.make_token),
            ("POST", "repositories", self.make_repository),
            ("PATCH", repository, self.switch_repository),
            ("POST", f"{repository}/commits", self.make_commit),
            ("PUT", f"{repository}/workflows", self.put_workflow),
            ("PUT", f"{repository}/environments", self.put_environment),
            ("PUT", f"{repository}/secrets", self.put_secrets),
            ("POST", "runs", self.queue_run),
            ("POST", "runs/claim", self.claim_run),
            ("PATCH", r"runs/(\d+)", self.change_run),
        )

    def tell_addresses(self, _: bytes) -> Answer:
        """Where the four hosts are."""
        return answer_json(asdict(self._world.addresses))

    def tell_records(self, _: bytes, kind: str) -> Answer:
        """The calls, violations or leaks so far."""
        return answer_json([asdict(record) for record in getattr(self._records, kind)])

    def forget_records(self, _: bytes, kind: str) -> Answer:
        """Begin an empty list of calls, violations or leaks."""
        getattr(self._records, kind).clear()
        return answer_nothing()

    def plant_fault(self, body: bytes) -> Answer:
        """Plant a fault."""
        self._faults.plant(msgspec.json.decode(body, type=bodies.Plant).planted)
        return answer_nothing()

    def clear_faults(self, _: bytes) -> Answer:
        """Forget all faults that wait."""
        self._faults.clear()
        return answer_nothing()

    def set_clock(self, body: bytes) -> Answer:
        """Hold the clock, move it on, or let it go."""
        wish = msgspec.json.decode(body, type=bodies.Clock)
        self._world.state.clock = wish.held(self._world.now)
        return answer_json({"now": self._world.now.isoformat()})

    def make_token(self, body: bytes) -> Answer:
        """Make a token; the answer is the only place where it is told."""
        wish = msgspec.json.decode(body, type=bodies.NewToken)
        token = Token(
            login=wish.login,
            kind=wish.kind,
            permissions=wish.permissions,
            repositories=wish.repositories,
            rate_limit=wish.rate_limit,
        )
        return answer_json({"token": add_token(self._world, token, wish.token)}, status=201)

    def make_repository(self, body: bytes) -> Answer:
        """Make a repository with one commit."""
        wish = msgspec.json.decode(body, type=bodies.NewRepository)
        repository = add_repository(
            self._world, wish.full_name, private=wish.private, default_branch=wish.default_branch
        )
        return answer_json({"full_name": repository.full_name, "head": repository.head.sha}, status=201)

    def switch_repository(self, body: bytes, full_name: str) -> Answer:
        """Set a repository's switches."""
        repository, wish = self._world.repository(full_name), msgspec.json.decode(body, type=bodies.Switches)
        for name in wish.__struct_fields__:
            value = getattr(wish, name)
            if value is not None:
                setattr(repository, name, value)
        return answer_nothing()

    def make_commit(self, body: bytes, full_name: str) -> Answer:
        """Move a branch on by a commit, whose sha may be given."""
        repository, wish = self._world.repository(full_name), msgspec.json.decode(body, type=bodies.NewCommit)
        commit = add_commit(
            self._world,
            repository,
            sha=wish.sha,
            date=wish.date,
            branch=wish.branch,
            changes_workflows=wish.changes_workflows,
        )
        return answer_json({"sha": commit.sha}, status=201)

    def put_workflow(self, body: bytes, full_name: str) -> Answer:
        """Register a workflow file, or its new text or state."""
        repository, wish = self._world.repository(full_name), msgspec.json.decode(body, type=bodies.WorkflowFile)
        workflow = add_workflow(self._world, repository, wish.path, wish.text)
        workflow.state = wish.state
        return answer_json({"id": workflow.id})

    def put_environment(self, body: bytes, full_name: str) -> Answer:
        """Make an environment, or change its rules."""
        repository, wish = self._world.repository(full_name), msgspec.json.decode(body, type=bodies.EnvironmentRules)
        environment = ensure_environment(self._world, repository, wish.name)
        environment.protection_rules, environment.branch_policy = wish.protection_rules, wish.branch_policy
        return answer_nothing()

    def put_secrets(self, body: bytes, full_name: str) -> Answer:
        """Say which secrets there are; their values are nobody's business."""
        repository, wish = self._world.repository(full_name), msgspec.json.decode(body, type=bodies.SecretNames)
        repository.secrets = {name: Variable(name=name, created_at=self._world.now) for name in wish.names}
        return answer_nothing()

    def queue_run(self, body: bytes) -> Answer:
        """Queue a run of another event than a dispatch, such as `schedule` or `push`."""
        wish = msgspec.json.decode(body, type=bodies.NewRun)
        repository = self._world.repository(wish.repository)
        workflow = repository.workflow(wish.workflow)
        if workflow is None:
            raise NotFound
        run = queue_run(
            self._world,
            repository,
            workflow,
            event=wish.event,
            ref=wish.ref or repository.default_branch,
            actor=wish.actor,
            inputs=wish.inputs,
            payload=wish.payload,
        )
        return answer_json({"id": run.id}, status=201)

    def claim_run(self, _: bytes) -> Answer:
        """Hand out the run that has waited longest, or 204."""
        waiting = [(repository, run) for repository, run in self._runs() if run.status == "queued"]
        if not waiting:
            return answer_nothing()
        repository, run = min(waiting, key=lambda item: item[1].id)
        run.status, run.started_at, run.updated_at = "in_progress", self._world.now, self._world.now
        return answer_json(_claimed(repository, run, repository.workflows[run.workflow_id]))

    def change_run(self, body: bytes, run_id: str) -> Answer:
        """Say how far a run is, and at last how it ended."""
        wish = msgspec.json.decode(body, type=bodies.RunProgress)
        for _, run in self._runs():
            if run.id == int(run_id):
                run.status, run.conclusion, run.updated_at = wish.status, wish.conclusion, self._world.now
                return answer_nothing()
        raise NotFound

    def _runs(self) -> list[tuple[Repository, Run]]:
        repositories = self._world.state.repositories.values()
        return [(repository, run) for repository in repositories for run in repository.runs.values()]


def _claimed(repository: Repository, run: Run, workflow: Workflow) -> dict[str, Any]:
    return {
        "id": run.id,
        "run_number": run.number,
        "repository": repository.full_name,
        "workflow": workflow.path,
        "event": run.event,
        "ref": run.ref,
        "sha": run.sha,
        "actor": run.actor,
        "inputs": run.inputs,
        "payload": run.payload,
    }
