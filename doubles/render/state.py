"""A service, its deploys, and the rules by which they follow each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

RUNNING: Final = ("created", "queued", "build_in_progress", "pre_deploy_in_progress", "update_in_progress")
_SUCCEEDED: Final = ("live", "deactivated")
_FAILS_IN: Final = {
    "build_failed": "build_in_progress",
    "pre_deploy_failed": "pre_deploy_in_progress",
    "update_failed": "update_in_progress",
}
_FREE_ROLLBACKS: Final = 2


class Refused(Exception):
    """The answer is an error."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


@dataclass(kw_only=True)
class Plan:
    """
    What becomes of a deploy that is still to come.

    Attributes:
        end: Its last status, `live` or a failure.
        stops_at: A status that it never leaves; empty if there is none.
        is_cancellable: Whether it can be given up.
        answers: Whether what is live then answers at all.
        answers_with: A tag that it answers with, whatever its variables say; empty for theirs.
    """

    end: str = "live"
    stops_at: str = ""
    is_cancellable: bool = True
    answers: bool = True
    answers_with: str = ""


@dataclass(kw_only=True)
class Deploy:
    """A deploy; `env` holds the variables it runs with, from when it begins."""

    id: str
    trigger: str
    created_at: datetime
    has_build: bool
    plan: Plan
    status: str = "created"
    finished_at: datetime | None = None
    env: dict[str, str] = field(default_factory=dict)
    hidden_for: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status in RUNNING

    def view(self) -> dict[str, Any]:
        """As the API shows it."""
        began = _text(self.created_at)
        ended = _text(self.finished_at) if self.finished_at else None
        return {
            "id": self.id,
            "status": self.status,
            "trigger": self.trigger,
            "commit": {"id": "c0ffee", "message": "a commit", "createdAt": began},
            "createdAt": began,
            "startedAt": None if self.status in {"created", "queued"} else began,
            "finishedAt": ended,
            "updatedAt": ended or began,
        }


@dataclass(kw_only=True)
class Service:
    """
    A web service on Render.

    Attributes:
        policy: What becomes of a deploy that is asked for while another runs.
        is_busy_elsewhere: Whether a deploy is answered 202 though none runs here.
        hides_queued_for: In how many lists a queued deploy is missing at first.
        old_answers: How many answers blue still gives after a switch.
        rollback_restores_env: Whether a rollback puts back the variables of its time.
        has_pre_deploy: Whether deploys have that step.
    """

    id: str
    name: str
    url: str
    plan: str = "starter"
    num_instances: int = 1
    suspended: str = "not_suspended"
    auto_deploy: str = "no"
    env: dict[str, str] = field(default_factory=dict)
    deploys: list[Deploy] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    policy: Literal["wait", "override"] = "wait"
    is_busy_elsewhere: bool = False
    hides_queued_for: int = 0
    old_answers: int = 0
    rollback_restores_env: bool = False
    has_pre_deploy: bool = True
    skew: timedelta = timedelta()
    _left_of_old: int = 0
    _number: int = 0

    @property
    def live(self) -> Deploy | None:
        """What serves."""
        return next((each for each in reversed(self.deploys) if each.status == "live"), None)

    @property
    def running(self) -> list[Deploy]:
        """What has not ended, oldest first."""
        return [each for each in self.deploys if each.is_running]

    def add_deploy(self, trigger: str, *, has_build: bool = True, is_live: bool = False) -> tuple[Deploy, bool]:
        """
        A new deploy, and whether it has to wait.

        Args:
            trigger: Who asked for it.
            has_build: Whether it builds first.
            is_live: Whether it serves at once, as if it had long been there.
        """
        if self.suspended != "not_suspended":
            raise Refused(409, "service is suspended")
        self._number += 1
        deploy = Deploy(
            id=f"dep-{self._number:03}",
            trigger=trigger,
            created_at=self._now(),
            has_build=has_build,
            plan=self.plans.pop(0) if self.plans and not is_live else Plan(),
        )
        waits = self._make_way() or self.is_busy_elsewhere
        if waits:
            deploy.status, deploy.hidden_for = "queued", self.hides_queued_for
        self.deploys.append(deploy)
        if is_live:
            deploy.env = dict(self.env)
            self._go_live(deploy, self._now() - timedelta(hours=1))
            self._left_of_old = 0
        return deploy, waits

    def roll_back(self, deploy_id: str) -> tuple[Deploy, bool]:
        """A new deploy of what an earlier one built; on a free plan of one of the last two only."""
        succeeded = [each for each in self.deploys if each.status in _SUCCEEDED]
        earlier = [each for each in succeeded if each.status == "deactivated"]
        within = earlier[-_FREE_ROLLBACKS:] if self.plan == "free" else succeeded
        target = next((each for each in within if each.id == deploy_id), None)
        if target is None:
            raise Refused(404, "no such deploy to roll back to")
        if self.rollback_restores_env:
            self.env = dict(target.env)
        return self.add_deploy("rollback", has_build=False)

    def cancel(self, deploy_id: str) -> Deploy:
        """Give a deploy up."""
        deploy = self.find(deploy_id)
        if not deploy.is_running:
            raise Refused(409, f"deploy is {deploy.status}")
        if deploy.plan.is_cancellable:
            self._end(deploy, "canceled")
        return deploy

    def find(self, deploy_id: str) -> Deploy:
        """A deploy by its id."""
        for each in self.deploys:
            if each.id == deploy_id:
                return each
        raise Refused(404, "no such deploy")

    def advance(self) -> None:
        """One step of the deploy whose turn it is."""
        if not self.running:
            return
        deploy = self.running[0]
        if deploy.status == deploy.plan.stops_at:
            return
        course = self._course(deploy)
        if deploy.status in {"created", "queued"}:
            deploy.env = dict(self.env)
        following = course[course.index(deploy.status) + 1]
        if following == "live":
            self._go_live(deploy, self._now())
        elif following in RUNNING:
            deploy.status = following
        else:
            self._end(deploy, following)

    def public_tag(self) -> str | None:
        """What answers the next request: for a while blue, then what is live; None if nothing does."""
        served = [each for each in self.deploys if each.status in _SUCCEEDED]
        shown = sorted(served, key=lambda each: each.finished_at or each.created_at)
        if not shown or self.suspended != "not_suspended":
            return None
        if len(shown) > 1 and self._left_of_old > 0:
            self._left_of_old -= 1
            return _tag_of(shown[-2])
        return _tag_of(shown[-1])

    def _make_way(self) -> bool:
        """Whether a new deploy waits for another; only the newest that waits survives."""
        running = self.running
        if not running:
            return False
        for each in running if self.policy == "override" else running[1:]:
            self._end(each, "canceled")
        return self.policy == "wait"

    def _course(self, deploy: Deploy) -> list[str]:
        steps = [deploy.status if deploy.status in {"created", "queued"} else "created"]
        steps += ["build_in_progress"] if deploy.has_build else []
        steps += ["pre_deploy_in_progress"] if self.has_pre_deploy else []
        steps += ["update_in_progress"]
        last = _FAILS_IN.get(deploy.plan.end, "update_in_progress")
        return [*steps[: steps.index(last) + 1], deploy.plan.end]

    def _go_live(self, deploy: Deploy, at: datetime) -> None:
        for each in self.deploys:
            if each.status == "live":
                each.status = "deactivated"
        self._end(deploy, "live", at)
        self._left_of_old = self.old_answers

    def _end(self, deploy: Deploy, status: str, at: datetime | None = None) -> None:
        deploy.status, deploy.finished_at = status, at or self._now()

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.skew


def _tag_of(deploy: Deploy) -> str | None:
    if not deploy.plan.answers:
        return None
    return deploy.plan.answers_with or deploy.env.get("MODEL_TAG", "")


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
