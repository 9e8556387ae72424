"""The judge that asks services over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from core.bundle import Bundle
from core.errors import ServiceError, SlipwayError
from core.registry import ModelRegistry
from core.service import Service
from core.tags import ModelTag
from deploy.evidence import Evidence, Verdict
from deploy.judging.asking import SCOPES, Asked, ready, require_key
from deploy.judging.comparison import judge_answers, judge_scores
from deploy.judging.metrics import scrape
from deploy.judging.policy import Policy
from deploy.judging.replay import rows_for, time_both
from deploy.judging.verifying import judge_golden, judge_ready, verify
from deploy.judging.watch import Beside, Watch
from deploy.judging.watching import Figures, Tally, is_slow, judge_watch
from deploy.platform import Addresses

_TIMEOUT_S: Final = (5.0, 20.0)
_FIRST_POLL_S, _LONGEST_POLL_S = 0.1, 1.0
_TELL_S: Final = 30.0


class HttpJudge:
    """See `Judge`. Services are sent nothing that they would journal."""

    def __init__(
        self,
        registry: ModelRegistry,
        key: str,
        policy: Policy,
        *,
        public_url: str = "",
        settling_s: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            registry: Has the bundles that are judged, and so their golden rows.
            key: With the scopes predict and admin; empty for services without keys.
            policy: How long, how much, and what is too far.
            public_url: What the public asks, whose journal is replayed; empty if nothing is.
            settling_s: So long after the beginning of a watch blue may answer too, in seconds.
            sleep: Waits.
            now: A clock that only goes forward, in seconds.
        """
        self._registry, self._key, self._policy = registry, key, policy
        self._public_url, self._settling_s = public_url, settling_s
        self._sleep, self._now = sleep, now
        self._tally_before = Tally()

    def _service(self, url: str) -> Service:
        try:
            return Service(url, self._key, scopes=SCOPES, timeout_s=_TIMEOUT_S, sleep=self._sleep)
        except ValueError as error:
            raise ServiceError(f"{url}: deploying {error}") from error

    def require_key(self, url: str) -> None:
        """See `Judge`."""
        require_key(self._service(url))

    def wait_until_ready(self, url: str, green: ModelTag, has_died: Callable[[], bool]) -> Verdict:
        """See `Judge`."""
        service, begun, wait_s = self._service(url), self._now(), _FIRST_POLL_S
        while True:
            if has_died():
                return _not_ready("its process has ended", green)
            found = ready(service)
            if found.tag:
                return judge_ready(found, green)
            if self._now() - begun >= self._policy.ready_s:
                return _not_ready(f"not within {self._policy.ready_s:g} s ({found.problem})", green)
            self._sleep(wait_s)
            wait_s = min(wait_s * 1.5, _LONGEST_POLL_S)

    def verify(self, url: str, green: ModelTag) -> Verdict:
        """See `Judge`."""
        bundle = self._registry.fetch(green)
        return verify(Asked(self._service(url), bundle.contract), bundle)

    def compare(self, addresses: Addresses, green: ModelTag) -> Verdict:
        """See `Judge`."""
        bundle = self._registry.fetch(green)
        asked = Asked(self._service(addresses.green), bundle.contract)
        public = self._service(self._public_url) if self._public_url and addresses.blue else None
        self._remember(public)
        beside, why = self._beside(addresses.blue, bundle)
        if beside is None:
            return Verdict(evidence=(why,)) + self._alone(asked, bundle)
        rows, replayed = rows_for(bundle, public, self._policy)
        theirs, _ = beside.many(rows)
        ours, problem = asked.many(rows)
        # Rows that nobody takes say nothing of green.
        ours, theirs = ours.at(theirs.was_answered), theirs.at(theirs.was_answered)
        verdict = Verdict(evidence=(replayed, why)) + judge_answers(ours, problem)
        verdict += judge_scores(ours, theirs, bundle.contract.target.task, self._policy)
        return verdict + time_both(asked, beside, rows, self._policy)

    def _remember(self, public: Service | None) -> None:
        """What blue answered until now, to compare green's errors with."""
        if public is not None:
            try:
                self._tally_before = scrape(public)
            except ServiceError:
                # The watch says so, if it cannot read them either.
                self._tally_before = Tally()

    def _beside(self, url: str | None, bundle: Bundle) -> tuple[Asked | None, Evidence]:
        """Blue, if it can be compared with, and what is to be said of it."""
        if url is None:
            return None, _blue("there is none; only green is judged, on its golden rows")
        service = self._service(url)
        tag = ready(service).tag
        if not tag:
            return None, _blue("does not answer; only green is judged, on its golden rows")
        if not tag.startswith(f"model-v{bundle.manifest.tag.major}."):
            return None, _blue(f"{tag} has another contract; only green is judged, on its golden rows")
        return Asked(service, bundle.contract), _blue(f"{tag} is asked for the same rows")

    def _alone(self, asked: Asked, bundle: Bundle) -> Verdict:
        rows = [golden.row for golden in bundle.golden().rows]
        side, problem = asked.many(rows)
        return (
            judge_answers(side, problem)
            + judge_golden(side, bundle, problem)
            + time_both(asked, None, rows, self._policy)
        )

    def watch(
        self, url: str, green: ModelTag, blue: ModelTag | None, since: datetime, tell: Callable[[str], None]
    ) -> Verdict:
        """See `Judge`."""
        bundle, begun, told = self._registry.fetch(green), self._now(), -_TELL_S
        watch = Watch(
            Asked(self._service(url), bundle.contract),
            bundle,
            blue=str(blue or ""),
            beside=self._offline(green, blue),
            since=since,
            before=self._tally_before,
        )
        was_slow = False
        while True:
            passed_s = self._now() - begun
            figures = replace(watch.look(has_settled=passed_s >= self._settling_s), was_slow=was_slow)
            verdict, was_slow = judge_watch(figures, self._policy), is_slow(figures, self._policy)
            if verdict.breaches or passed_s >= self._policy.watch_s:
                return verdict
            if passed_s - told >= _TELL_S:
                tell(_line(figures, passed_s, self._policy.watch_s))
                told = passed_s
            self._sleep(self._pause(figures, passed_s))

    def _pause(self, figures: Figures, passed_s: float) -> float:
        # Whether it is down should be known soon.
        pause_s = min(1.0, self._policy.interval_s) if figures.probes[-1].has_failed else self._policy.interval_s
        return max(0.0, min(pause_s, self._policy.watch_s - passed_s))

    def _offline(self, green: ModelTag, blue: ModelTag | None) -> Beside | None:
        if blue is None or blue.major != green.major:
            return None
        try:
            return Beside(self._registry.fetch(blue))
        except SlipwayError:
            # It served until now, and may have been taken away since.
            return None


def _line(figures: Figures, passed_s: float, watch_s: float) -> str:
    failed = sum(probe.has_failed for probe in figures.probes)
    return (
        f"watched for {passed_s:.0f} of {watch_s:.0f} s: {figures.after.rows} rows by {figures.green}, "
        f"{figures.tally.errors} of {figures.tally.requests} requests failed, {failed} of {len(figures.probes)} probes"
    )


def _not_ready(found: str, green: ModelTag) -> Verdict:
    evidence = Evidence(name="ready", found=found, allowed=f"ready with {green}", is_breach=True)
    return Verdict(evidence=(evidence,))


def _blue(found: str) -> Evidence:
    return Evidence(name="blue", found=found, allowed="beside green where there is one", is_breach=False)
