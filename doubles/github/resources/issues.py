"""Issues and their comments; pull requests stand among them, as on GitHub."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doubles.github.exchange import (
    Answer,
    Call,
    Need,
    Route,
    answer_created,
    answer_json,
    answer_list,
)
from doubles.github.refusals import Forbidden, Gone, NotFound, Unauthorized, invalid
from doubles.github.resources.labels import label_view, labels_named
from doubles.github.state import Comment, Issue
from doubles.github.views import api_url, user_view, web_url
from doubles.github.world import at, at_or_null


def list_issues(call: Call) -> Answer:
    """`GET /issues`: open ones unless another state is asked for, with all of the labels that are named."""
    _refuse_if_off(call)
    found = [issue for issue in call.repository.issues.values() if _is_wanted(call, issue)]
    by = {"updated": "updated_at", "comments": "comments"}.get(call.query.get("sort", ""), "created_at")
    newest_first = call.query.get("direction", "desc") == "desc"
    found.sort(key=lambda issue: (_sortable(issue, by), issue.number), reverse=newest_first)
    return answer_list(call, found, lambda issue: issue_view(call, issue))


def create_issue(call: Call) -> Answer:
    """`POST /issues`; a user without push access may, but labels are dropped then without a word."""
    _refuse_if_off(call)
    _refuse_if_mute(call)
    wish, issues = call.json, call.repository.issues
    if not wish["title"]:
        raise invalid("Issue", "title", "missing_field")
    pushes = call.may("issues", "write")
    issue = Issue(
        id=call.world.new_id(),
        number=max(issues, default=0) + 1,
        title=str(wish["title"]),
        body=wish.get("body"),
        author=call.login,
        labels=labels_named(call, wish.get("labels", [])) if pushes else [],
        assignees=wish.get("assignees", []) if pushes else [],
        created_at=call.world.now,
        updated_at=call.world.now,
    )
    issues[issue.number] = issue
    return answer_created(issue_view(call, issue))


def read_issue(call: Call) -> Answer:
    """`GET /issues/{issue_number}`."""
    return answer_json(issue_view(call, issue_of(call)))


def change_issue(call: Call) -> Answer:
    """
    `PATCH /issues/{issue_number}`; labels replace the old ones, a reason without a change of state is ignored.

    Whoever opened it may write and close it too, but not label it.
    """
    issue, wish = issue_of(call), call.json
    _refuse_if_mute(call)
    if not call.may("issues", "write"):
        if issue.author != call.login:
            raise Forbidden("Must have admin rights to Repository.")
        wish = {name: value for name, value in wish.items() if name not in {"labels", "assignees"}}
    issue.title, issue.body = str(wish.get("title", issue.title)), wish.get("body", issue.body)
    issue.assignees = wish.get("assignees", issue.assignees)
    if "labels" in wish:
        issue.labels = labels_named(call, wish["labels"])
    if wish.get("state", issue.state) != issue.state:
        _change_state(issue, wish, call.world.now)
    issue.updated_at = call.world.now
    return answer_json(issue_view(call, issue))


def list_comments(call: Call) -> Answer:
    """`GET /issues/{issue_number}/comments`, the oldest first."""
    issue, since = issue_of(call), _since(call)
    found = [comment for comment in issue.comments if since is None or comment.created_at >= since]
    return answer_list(call, found, lambda comment: _comment_view(call, issue, comment))


def create_comment(call: Call) -> Answer:
    """`POST /issues/{issue_number}/comments`; nobody who is tried here may where an issue is locked."""
    _refuse_if_mute(call)
    issue, body = issue_of(call), call.json["body"]
    if issue.locked:
        raise Forbidden("Unable to create comment because issue is locked.")
    if not body.strip():
        raise invalid("IssueComment", "body", "custom", "body cannot be blank")
    comment = Comment(id=call.world.new_id(), body=body, author=call.login, created_at=call.world.now)
    issue.comments.append(comment)
    issue.updated_at = call.world.now
    return answer_created(_comment_view(call, issue, comment))


def issue_of(call: Call) -> Issue:
    """The issue that the path names."""
    _refuse_if_off(call)
    issue = call.repository.issues.get(call.number("issue_number"))
    if issue is None:
        raise NotFound
    return issue


def issue_view(call: Call, issue: Issue) -> dict[str, Any]:
    """An issue as GitHub's JSON; what is a pull request says so."""
    base = api_url(call.world, call.repository)
    url, page = f"{base}/issues/{issue.number}", web_url(call.world, call.repository)
    assignees = [user_view(call.world, login) for login in issue.assignees]
    kind = "pull" if issue.pull_request else "issues"
    view = {
        "id": issue.id,
        "node_id": f"I_{issue.id}",
        "number": issue.number,
        "url": url,
        "repository_url": base,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{page}/{kind}/{issue.number}",
        "title": issue.title,
        "body": issue.body,
        "user": user_view(call.world, issue.author),
        "labels": [label_view(call, call.repository.labels[name.lower()]) for name in issue.labels],
        "state": issue.state,
        "state_reason": issue.state_reason,
        "assignee": assignees[0] if assignees else None,
        "assignees": assignees,
        "milestone": None,
        "locked": issue.locked,
        "comments": len(issue.comments),
        "created_at": at(issue.created_at),
        "updated_at": at(issue.updated_at),
        "closed_at": at_or_null(issue.closed_at),
        "author_association": "NONE",
    }
    return view | {"pull_request": _pull_request(url, f"{page}/pull/{issue.number}")} if issue.pull_request else view


def _pull_request(url: str, page: str) -> dict[str, Any]:
    pull = url.replace("/issues/", "/pulls/")
    return {"url": pull, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "merged_at": None}


def _comment_view(call: Call, issue: Issue, comment: Comment) -> dict[str, Any]:
    base, page = api_url(call.world, call.repository), web_url(call.world, call.repository)
    return {
        "id": comment.id,
        "node_id": f"IC_{comment.id}",
        "url": f"{base}/issues/comments/{comment.id}",
        "html_url": f"{page}/issues/{issue.number}#issuecomment-{comment.id}",
        "issue_url": f"{base}/issues/{issue.number}",
        "body": comment.body,
        "user": user_view(call.world, comment.author),
        "created_at": at(comment.created_at),
        "updated_at": at(comment.created_at),
        "author_association": "NONE",
    }


def _change_state(issue: Issue, wish: dict[str, Any], now: datetime) -> None:
    issue.state = wish["state"]
    if issue.state == "closed":
        issue.state_reason, issue.closed_at = wish.get("state_reason") or "completed", now
    else:
        issue.state_reason, issue.closed_at = "reopened", None


def _is_wanted(call: Call, issue: Issue) -> bool:
    state, since = call.query.get("state", "open"), _since(call)
    labels = {name.lower() for name in call.query.get("labels", "").split(",") if name}
    return (
        state in {"all", issue.state}
        and labels <= {name.lower() for name in issue.labels}
        and (since is None or issue.updated_at >= since)
        and call.query.get("creator", issue.author) == issue.author
    )


def _since(call: Call) -> datetime | None:
    return datetime.fromisoformat(call.query["since"]) if "since" in call.query else None


def _sortable(issue: Issue, by: str) -> Any:
    return len(issue.comments) if by == "comments" else getattr(issue, by)


def _refuse_if_off(call: Call) -> None:
    if not call.repository.has_issues:
        raise Gone("Issues are disabled for this repo")


def _refuse_if_mute(call: Call) -> None:
    """Any person may write to a public repository's issues; a workflow's token needs the permission."""
    if call.caller is None:
        raise Unauthorized("Requires authentication")
    if call.caller.kind == "installation" and not call.may("issues", "write"):
        raise Forbidden


_READ = Need(scope="issues", public=True)
_BASE = "/repos/{owner}/{repo}/issues"
_ONE = f"{_BASE}/{{issue_number}}"
ROUTES = (
    Route(method="GET", template=_BASE, handler=list_issues, need=_READ),
    Route(method="POST", template=_BASE, handler=create_issue, need=_READ),
    Route(method="GET", template=_ONE, handler=read_issue, need=_READ),
    Route(method="PATCH", template=_ONE, handler=change_issue, need=_READ),
    Route(method="GET", template=f"{_ONE}/comments", handler=list_comments, need=_READ),
    Route(method="POST", template=f"{_ONE}/comments", handler=create_comment, need=_READ),
)
