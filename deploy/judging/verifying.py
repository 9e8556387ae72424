"""Whether a service that is said to run a tag does: its golden rows, and a smoke batch."""

from __future__ import annotations

from core.bundle import Bundle
from core.golden import TOLERANCE, score_gap
from core.tags import ModelTag
from deploy.evidence import Evidence, Verdict
from deploy.judging.asking import Asked, Ready
from deploy.judging.comparison import Side

_SINGLE = 3
_REFUSED = 422
# No contract has a feature of this name, so that the row must be refused.
_NO_FEATURE = "\u2007no feature\u2007"


def judge_ready(found: Ready, green: ModelTag) -> Verdict:
    """Whether it is ready, with the right tag."""
    is_right = found.tag == str(green)
    said = f"ready, with {found.tag}" if found.tag else f"not ready ({found.problem})"
    return _one("ready", said, f"ready with {green}", is_breach=not is_right)


def judge_golden(side: Side, bundle: Bundle, problem: str = "") -> Verdict:
    """Whether the golden rows were answered as the bundle says they must be."""
    golden, count = bundle.golden(), len(side)
    missing = count - int(side.was_answered.sum())
    if missing:
        said = f"{missing} of {count} rows unanswered ({problem})"
        return _one("golden rows", said, f"off by at most {TOLERANCE:g}", is_breach=True)
    gap = golden.largest_gap(side.scores, bundle.contract.target.task)
    return _one("golden rows", f"off by {gap:.1g} in {count} rows", f"at most {TOLERANCE:g}", is_breach=gap > TOLERANCE)


def verify(asked: Asked, bundle: Bundle) -> Verdict:
    """
    Ask for golden rows and for what a caller might send.

    Args:
        asked: The service.
        bundle: Of the tag that it should run.
    """
    tag = bundle.manifest.tag
    found = judge_ready(asked.ready(), tag)
    if found.breaches:
        return found
    side, problem = asked.many([golden.row for golden in bundle.golden().rows])
    found += judge_golden(side, bundle, problem)
    if side.was_answered.any():
        found += _singles(asked, bundle, side) + _faulty(asked, bundle)
    described = asked.tag()
    return found + _one("model", f"/v1/model says {described}", f"{tag}", is_breach=described != str(tag))


def _singles(asked: Asked, bundle: Bundle, side: Side) -> Verdict:
    """A row by itself gets the score that it has in a batch."""
    rows = bundle.golden().rows[:_SINGLE]
    answers = [asked.one(golden.row) for golden in rows]
    bad = [answer for answer in answers if answer.problem]
    if bad:
        said = f"{len(bad)} of {len(answers)} unanswered ({bad[0].problem})"
        return _one("single rows", said, "all answered", is_breach=True)
    task = bundle.contract.target.task
    gap = max(
        score_gap(answer.side.scores, side.scores[number : number + 1], task) for number, answer in enumerate(answers)
    )
    tags = {answer.tag for answer in answers}
    is_right = gap <= TOLERANCE and tags == {str(bundle.manifest.tag)}
    said = f"{len(answers)} rows {gap:.1g} from the batch, answered by {', '.join(sorted(tags))}"
    return _one("single rows", said, f"at most {TOLERANCE:g}, by {bundle.manifest.tag}", is_breach=not is_right)


def _faulty(asked: Asked, bundle: Bundle) -> Verdict:
    answer = asked.one({**bundle.golden().rows[0].row, _NO_FEATURE: 0})
    said = f"answered {answer.status}" if answer.status else answer.problem
    return _one("a faulty row", said, f"refused with {_REFUSED}", is_breach=answer.status != _REFUSED)


def _one(name: str, found: str, allowed: str, *, is_breach: bool) -> Verdict:
    return Verdict(evidence=(Evidence(name=name, found=found, allowed=allowed, is_breach=is_breach),))
