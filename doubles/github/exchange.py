"""A call that came in, what is answered to it, and the routes between them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, unquote, urlencode

from werkzeug.datastructures import Headers, MultiDict

from doubles.github.state import Level, Repository, Token
from doubles.github.world import World


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose route is known and whose caller is let in."""

    world: World
    caller: Token | None
    site: str
    method: str
    template: str
    values: Mapping[str, str]
    query: MultiDict[str, str]
    headers: Headers
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body's object; the contract has checked it already."""
        document = json.loads(self.body) if self.body else {}
        return document if isinstance(document, dict) else {}

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        return self.world.repository(f"{self.values['owner']}/{self.values['repo']}")

    @property
    def login(self) -> str:
        """Whoever calls."""
        return self.caller.login if self.caller else "anonymous"

    def number(self, name: str) -> int:
        """A number of the path."""
        return int(self.values[name])

    def may(self, scope: str, level: Level) -> bool:
        """Does the caller's token allow this in the repository that the path names?"""
        return allows(self.caller, self.repository, scope, level)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status, headers, and a body's bytes."""

    status: int
    content: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Need:
    """The permission that a route asks for; `public` routes can be read of public repositories by anyone."""

    scope: str
    level: Level = "read"
    public: bool = False


@dataclass(frozen=True, kw_only=True)
class Route:
    """A path of GitHub's document, and what answers it."""

    method: str
    template: str
    handler: Callable[[Call], Answer]
    need: Need | None
    site: str = "api"

    def match(self, site: str, method: str, path: str) -> dict[str, str] | None:
        """The values of the path's names, if this is the route; those of refs and tags may hold slashes."""
        if (site, method) != (self.site, self.method):
            return None
        found = _pattern(self.template).fullmatch(path)
        return found and {name: unquote(value) for name, value in found.groupdict().items()}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", _group, re.escape(template)))


def _group(name: re.Match[str]) -> str:
    return f"(?P<{name[1]}>{'.+' if name[1] in {'ref', 'tag'} else '[^/]+'})"


def answer_json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer whose body is JSON."""
    return Answer(status=status, content=json.dumps(value).encode(), headers=headers or {})


def answer_created(value: dict[str, Any]) -> Answer:
    """An answer for what was just made."""
    return answer_json(value, status=201, headers={"Location": value["url"]})


def answer_nothing() -> Answer:
    """An answer without a body."""
    return Answer(status=204)


def page_of(
    call: Call, items: Sequence[Any], *, most: int = 100, usual: int = 30
) -> tuple[Sequence[Any], dict[str, str]]:
    """
    The page that was asked for, and the links to the pages around it.

    Args:
        call: What was asked, with `per_page` and `page` in its query.
        items: All there are, in order.
        most: The most that a page may hold; whoever asks for more gets this many.
        usual: How many a page holds if nothing is said.
    """
    size = min(max(int(call.query.get("per_page", usual)), 1), most)
    page = max(int(call.query.get("page", 1)), 1)
    last = max(-(-len(items) // size), 1)
    around = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = [name for name in around if (page > 1 if name in {"prev", "first"} else page < last)]
    links = ", ".join(f'<{_page_url(call, around[name])}>; rel="{name}"' for name in wanted)
    return items[(page - 1) * size : page * size], {"Link": links} if links else {}


def answer_list(call: Call, items: Sequence[Any], view: Callable[[Any], Any]) -> Answer:
    """One page of a list."""
    page, headers = page_of(call, items)
    return answer_json([view(item) for item in page], headers=headers)


def answer_counted(
    call: Call, key: str, items: Sequence[Any], view: Callable[[Any], Any], *, most: int = 100, usual: int = 30
) -> Answer:
    """One page of a list that comes with its total, as those of Actions do."""
    page, headers = page_of(call, items, most=most, usual=usual)
    return answer_json({"total_count": len(items), key: [view(item) for item in page]}, headers=headers)


def allows(caller: Token | None, repository: Repository, scope: str, level: Level) -> bool:
    """Does a token allow this in a repository?"""
    order: tuple[Level | None, ...] = (None, "read", "write", "admin")
    if caller is None or not reaches(caller, repository):
        return False
    return order.index(caller.permissions.get(scope)) >= order.index(level)


def reaches(caller: Token, repository: Repository) -> bool:
    """Is the repository among those that the token is for?"""
    return caller.repositories is None or repository.full_name in caller.repositories


def _page_url(call: Call, page: int) -> str:
    path = call.template.format(**{name: quote(value) for name, value in call.values.items()})
    others: Iterable[tuple[str, str]] = ((key, value) for key, value in call.query.items(multi=True) if key != "page")
    return f"{call.world.addresses.api}{path}?{urlencode([*others, ('page', str(page))])}"
