"""Who calls, what they may do, and how often."""

from __future__ import annotations

import base64
import hashlib

from werkzeug.datastructures import Headers

from doubles.github.exchange import Call, Need, reaches
from doubles.github.rates import ANONYMOUS, INSTALLATION, SEARCH, SEARCH_ANONYMOUS, USER, Quota
from doubles.github.refusals import Forbidden, NotFound, Unauthorized
from doubles.github.state import Token
from doubles.github.world import World


def token_hash(token: str) -> str:
    """The hash by which the double knows a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def caller_key(headers: Headers) -> str:
    """The hash of the token that came with a request, as `Bearer`, as `token`, or as the password of `Basic`."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        credentials = base64.b64decode(credentials).decode().partition(":")[2]
    return token_hash(credentials) if credentials else "anonymous"


def caller_of(world: World, headers: Headers) -> Token | None:
    """
    The token that came with a request, if any.

    Raises:
        Unauthorized: if it is not one of the double's.
    """
    if "Authorization" not in headers:
        return None
    token = world.state.tokens.get(caller_key(headers))
    if token is None:
        raise Unauthorized("Bad credentials")
    return token


def quota_of(world: World, headers: Headers, caller: Token | None, resource: str) -> Quota:
    """What a caller has left of a resource."""
    if resource == "search":
        limit = SEARCH_ANONYMOUS if caller is None else SEARCH
    elif caller is None:
        limit = ANONYMOUS
    else:
        limit = caller.rate_limit or (USER if caller.kind == "user" else INSTALLATION)
    return world.rates.quota(caller_key(headers), resource, limit, world.now)


def admit(call: Call, need: Need) -> None:
    """
    Let a caller through who may do this.

    Raises:
        NotFound: if the caller may not know that the repository exists.
        Unauthorized: if a token is needed and none came.
        Forbidden: if the token lacks the permission.
    """
    repository, caller = call.repository, call.caller
    if repository.private and (caller is None or not reaches(caller, repository)):
        raise NotFound
    if need.public and not repository.private:
        return
    if caller is None:
        raise Unauthorized("Requires authentication")
    if not call.may(need.scope, need.level):
        whose = "integration" if caller.kind == "installation" else "personal access token"
        raise Forbidden(f"Resource not accessible by {whose}")
