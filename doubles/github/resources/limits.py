"""What a caller has left, which costs nothing to ask."""

from __future__ import annotations

from doubles.github.access import quota_of
from doubles.github.exchange import Answer, Call, Route, answer_json

# GitHub counts these apart; nothing here uses them up.
_OTHERS = (
    "graphql",
    "code_search",
    "source_import",
    "integration_manifest",
    "actions_runner_registration",
    "scim",
    "dependency_snapshots",
    "dependency_sbom",
    "code_scanning_autofix",
    "copilot_usage_records",
)


def read_limits(call: Call) -> Answer:
    """`GET /rate_limit`."""
    core = quota_of(call.world, call.headers, call.caller, "core").overview
    search = quota_of(call.world, call.headers, call.caller, "search").overview
    return answer_json({"resources": dict.fromkeys(_OTHERS, core) | {"core": core, "search": search}, "rate": core})


ROUTES = (Route(method="GET", template="/rate_limit", handler=read_limits, need=None),)
