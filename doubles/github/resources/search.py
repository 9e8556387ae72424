"""The search for issues, as far as its words are needed here."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace

from doubles.github.exchange import Answer, Call, Route, allows, answer_json, page_of
from doubles.github.refusals import Unprocessable
from doubles.github.resources.issues import issue_view
from doubles.github.state import Issue, Repository

_KNOWN = {"repo", "is", "in", "label", "state"}


def search_issues(call: Call) -> Answer:
    """`GET /search/issues`: `repo:`, `is:`, `state:`, `label:`, `in:`, and words that must all occur."""
    terms = [term.partition(":") for term in shlex.split(call.query["q"])]
    qualifiers = [(key, value) for key, colon, value in terms if colon and key in _KNOWN]
    words = [key + colon + value for key, colon, value in terms if not (colon and key in _KNOWN)]
    if not any(key == "repo" for key, _ in qualifiers):
        raise Unprocessable("Validation Failed", errors=[{"resource": "Search", "field": "q", "code": "invalid"}])
    found = [(place, issue) for place, issue in _candidates(call, qualifiers) if _matches(issue, qualifiers, words)]
    page, headers = page_of(call, found)
    items = [issue_view(_within(call, place), issue) | {"score": 1.0} for place, issue in page]
    return answer_json(
        {"total_count": len(found), "incomplete_results": False, "items": items, "search_type": "lexical"},
        headers=headers,
    )


def _candidates(call: Call, qualifiers: list[tuple[str, str]]) -> Iterator[tuple[Repository, Issue]]:
    for repository in call.world.state.repositories.values():
        wanted = ("repo", repository.full_name) in qualifiers
        if wanted and (not repository.private or allows(call.caller, repository, "issues", "read")):
            yield from ((repository, issue) for issue in repository.issues.values())


def _within(call: Call, repository: Repository) -> Call:
    return replace(call, values={"owner": repository.owner, "repo": repository.name})


def _matches(issue: Issue, qualifiers: list[tuple[str, str]], words: list[str]) -> bool:
    facts: dict[str, set[str]] = {
        "is": {issue.state, "pr" if issue.pull_request else "issue"},
        "state": {issue.state},
        "label": set(issue.labels),
    }
    places = {value for key, value in qualifiers if key == "in"} or {"title", "body"}
    text = " ".join(str(getattr(issue, place) or "") for place in sorted(places & {"title", "body"}))
    held = all(value in facts[key] for key, value in qualifiers if key in facts)
    return held and all(word.lower() in text.lower() for word in words)


ROUTES = (Route(method="GET", template="/search/issues", handler=search_issues, need=None),)
