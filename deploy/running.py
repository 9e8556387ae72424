"""Drives a deployment: asks how things stand, does what the state machine says, writes down what serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from core.errors import DeploymentFailed, DeploymentRuns, LedgerError, NotSwitched, SlipwayError
from core.ledger import Deployment, DeploymentLedger, Environment, Hold, champion
from core.tags import ModelTag
from deploy.evidence import Verdict
from deploy.judge import Judge
from deploy.machine import Course, End, State, Step, after, begin
from deploy.outcome import Outcome
from deploy.platform import Addresses, Platform, Situation

_LOG = structlog.get_logger()
_FOUND: Final = "found serving: its deployment was cut short, or went past the ledger"
_STOPPED_BY_HAND: Final = "it was stopped by hand"
_LOOK_AGAIN_S: Final = 1.0
# A service that was just switched to may need a moment to say so.
_LEAST_SETTLING_S: Final = 5.0
_BEFORE_SWITCH: Final = frozenset({Step.START, Step.HEALTHY, Step.VERIFY})
# A ledger that cannot be told of these must not keep a bad green before the public, nor take a good one from it.
_UNANNOUNCED_TOO: Final = frozenset({Step.CONFIRM, Step.WATCH, Step.RETIRE, Step.DISCARD})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """
    What somebody wants.

    Attributes:
        tag: That is to serve; its bundle was verified.
        reason: Why, for the ledger.
        is_return: Whether it served before and is gone back to: then it is neither compared with what serves, which
            is no measure any more, nor watched.
    """

    tag: ModelTag
    reason: str
    is_return: bool = False


class Run:
    """One deployment to an environment."""

    def __init__(
        self,
        wish: Wish,
        platform: Platform,
        judge: Judge,
        ledger: DeploymentLedger,
        environment: Environment,
        *,
        tell: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            wish: What is wanted.
            platform: What the service runs on.
            judge: Finds out whether green may serve.
            ledger: Where it is written down.
            environment: That is meant in the ledger.
            tell: Is told of every step as it is taken, a line each.
            sleep: Waits.
            now: A clock that only goes forward, in seconds.
        """
        self._wish, self._platform, self._judge, self._ledger = wish, platform, judge, ledger
        self._environment, self._tell, self._sleep, self._now = environment, tell, sleep, now
        self._addresses: Addresses | None = None
        self._verdicts: dict[Step, Verdict] = {}
        self._switched_at: datetime | None = None
        self._returned_at: datetime | None = None
        self._trouble, self._is_first = "", False

    def through(self) -> Outcome:
        """
        Let the wanted tag serve, or blue go on.

        Raises:
            DeploymentFailed: if it was stopped by hand where it cannot be undone, or is being undone.
            DeploymentRuns: if another deployment to the environment has not ended.
            PlatformError: if the platform cannot say how it stands.
            LedgerError: if the ledger cannot be read.
            ServiceError: if the service that serves does not take our key; then nothing was begun.
        """
        with self._ledger.hold(self._environment, self._wish.tag) as hold:
            situation = self._platform.observe()
            if situation.busy:
                raise DeploymentRuns(self._environment, situation.busy, remedy="wait for its end")
            serving = champion(self._history())
            self._is_first = serving is None
            course = begin(self._wish.tag, situation, serving)
            if course.state is not None and course.state.step is Step.PREPARE and situation.serving is not None:
                # Without it green would be switched to, not be found good, and neither would blue.
                self._judge.require_key(self._platform.url)
            self._write_down_found(course, situation)
            if course.state is None:
                tag = self._wish.tag
                return Outcome(end=End.DEPLOYED, wanted=tag, green=tag, blue=None, was_there=True)
            if course.state.was_switched and situation.serving:
                self._switched_at = situation.serving.since
            if course.clears:
                self._platform.clear(situation)
            return self._from(course.state, situation, hold)

    def _history(self) -> list[Deployment]:
        return self._ledger.history(self._environment)

    def _write_down_found(self, course: Course, situation: Situation) -> None:
        if course.found is None or situation.serving is None:
            return
        history, since = self._history(), situation.serving.since
        # A platform's clock may be wrong; the ledger goes forward only.
        at = min(max(history[-1].at if history else since, since), datetime.now(UTC))
        self._ledger.record(self._environment, course.found, at=at, reason=_FOUND)
        self._tell(f"  {course.found} serves, although the ledger did not say so; it does now")

    def _from(self, state: State, situation: Situation, hold: Hold) -> Outcome:
        actions = self._actions(situation)
        while not isinstance(step := state.step, End):
            self._tell(f"  {step}")
            problem, is_untouched = self._take(step, actions, state, hold)
            if problem:
                self._tell(f"    went wrong: {problem}")
                if state.problem or step in {Step.RETIRE, Step.RETURN}:
                    self._trouble = problem
            state = after(state, problem, is_untouched=is_untouched)
        return Outcome(
            end=step,
            wanted=self._wish.tag,
            green=state.green,
            blue=state.blue,
            problem="" if step is End.DEPLOYED else state.problem,
            trouble=self._trouble,
            verdicts=self._verdicts,
            switched_at=self._switched_at,
            returned_at=self._returned_at,
            is_first=self._is_first,
        )

    def _actions(self, situation: Situation) -> Mapping[Step, Callable[[State], Verdict | None]]:
        return {
            Step.PREPARE: lambda _: self._platform.clear(situation),
            Step.START: self._start,
            Step.HEALTHY: self._wait,
            Step.VERIFY: self._verify,
            Step.SWITCH: self._switch,
            Step.CONFIRM: self._confirm,
            Step.WATCH: self._watch,
            Step.RETIRE: lambda state: self._platform.retire(state.blue, green=state.green),
            Step.RETURN: self._return,
            Step.DISCARD: lambda state: self._platform.discard(state.green),
        }

    def _take(
        self, step: Step, actions: Mapping[Step, Callable[[State], Verdict | None]], state: State, hold: Hold
    ) -> tuple[str, bool]:
        """Take a step; what went wrong, and whether the public is known to have reached nothing but blue."""
        try:
            self._announce(step, hold)
            verdict = actions[step](state)
        except SlipwayError as error:
            return str(error), isinstance(error, NotSwitched)
        except OSError as error:
            # A full disk of this machine is no reason to leave a green alone with the public.
            return f"{error.filename or 'the system'}: {error.strerror or error}", False
        except KeyboardInterrupt:
            if step not in _BEFORE_SWITCH:
                raise self._left_by_hand(step) from None
            return _STOPPED_BY_HAND, True
        except Exception as error:  # noqa: BLE001  # see below
            # A mistake of ours must not leave a green alone with the public either.
            _LOG.exception("a step failed as nobody foresaw", step=step)
            return f"{type(error).__name__}: {error} (a mistake in Slipway; please report it)", False
        if verdict is None:
            return "", False
        self._verdicts[step] = verdict
        for each in verdict.evidence:
            self._tell(f"    {'✗' if each.is_breach else '✓'} {each.name}: {each.found} ({each.allowed})")
        return self._said_with(verdict.problem) if step is Step.HEALTHY else verdict.problem, False

    def _announce(self, step: Step, hold: Hold) -> None:
        if step is Step.RETURN:
            # Callers get a bad model until it is taken, and an unreachable ledger is waited for for minutes.
            return
        try:
            hold.reach(step)
        except LedgerError as error:
            if step not in _UNANNOUNCED_TOO:
                raise NotSwitched(str(error)) from error
            self._tell(f"    warning: others cannot be told of this step: {error}")

    def _left_by_hand(self, step: Step) -> DeploymentFailed:
        return DeploymentFailed(
            f"the deployment of {self._wish.tag} was stopped by hand at the step {step!s}, and what serves was left as "
            f"it is: python -m deploy status says what that is, and python -m deploy up {self._wish.tag} goes on"
        )

    def _said_with(self, problem: str) -> str:
        said = self._platform.said() if problem else ""
        return f"{problem}; it said last:\n{said}\n" if said else problem

    def _start(self, state: State) -> None:
        # Who goes back compares nothing, and should not wait for a blue to be asked beside.
        self._addresses = self._platform.start(state.green, blue=None if self._wish.is_return else state.blue)

    def _wait(self, state: State) -> Verdict:
        return self._judge.wait_until_ready(self._started.green, state.green, self._platform.has_died)

    def _verify(self, state: State) -> Verdict:
        verdict = self._judge.verify(self._started.green, state.green)
        if verdict.breaches or self._wish.is_return:
            return verdict
        return verdict + self._judge.compare(self._started, state.green)

    @property
    def _started(self) -> Addresses:
        if self._addresses is None:
            raise ValueError("the state machine asks green only once it was started")
        return self._addresses

    def _switch(self, state: State) -> None:
        try:
            self._history()
        except LedgerError as error:
            # What cannot be written down is not to happen.
            raise NotSwitched(str(error)) from error
        self._platform.switch(state.green, blue=state.blue)
        self._switched_at = datetime.now(UTC)
        # A first model that turns out to be none is taken away again, which no entry could say.
        if state.blue is not None:
            self._record(state.green, self._wish.reason, self._switched_at)

    def _confirm(self, state: State) -> Verdict:
        verdict = self._ask_the_public(state.green)
        if self._switched_at and not verdict.breaches and champion(self._history()) != state.green:
            self._record(state.green, self._wish.reason, self._switched_at)
        return verdict

    def _ask_the_public(self, tag: ModelTag) -> Verdict:
        """What the public gets, once the platform has had the time that it needs."""
        end = self._now() + max(self._platform.settling_s, _LEAST_SETTLING_S)
        while (verdict := self._judge.verify(self._platform.url, tag)).breaches and self._now() < end:
            self._sleep(_LOOK_AGAIN_S)
        return verdict

    def _watch(self, state: State) -> Verdict | None:
        if self._wish.is_return or state.blue is None:
            return None
        since = self._switched_at or datetime.now(UTC)
        return self._judge.watch(
            self._platform.url, state.green, state.blue, since, lambda line: self._tell(f"    {line}")
        )

    def _return(self, state: State) -> Verdict:
        blue = state.blue
        if blue is None:
            raise ValueError("the state machine goes back only where there is something to go back to")
        self._platform.go_back(blue, green=state.green)
        self._returned_at = datetime.now(UTC)
        why = f"rolled back from {state.green}: {state.problem}" if state.problem else self._wish.reason
        try:
            if champion(self._history()) != blue:
                self._record(blue, why, self._returned_at)
        except LedgerError as error:
            # Blue serves, which is what counts; the next command writes it down as found.
            self._trouble = str(error)
        return self._ask_the_public(blue)

    def _record(self, tag: ModelTag, reason: str, at: datetime) -> None:
        self._ledger.record(self._environment, tag, at=at, reason=reason)
