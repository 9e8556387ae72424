"""All routes of the API, those with the fewest names in their paths first."""

from __future__ import annotations

from doubles.github.resources import (
    assets,
    deployments,
    environments,
    issue_labels,
    issues,
    labels,
    limits,
    refs,
    releases,
    runs,
    search,
    settings,
    workflows,
)

_MODULES = (
    assets,
    deployments,
    environments,
    issue_labels,
    issues,
    labels,
    limits,
    refs,
    releases,
    runs,
    search,
    settings,
    workflows,
)
ROUTES = tuple(
    sorted((route for module in _MODULES for route in module.ROUTES), key=lambda route: route.template.count("{"))
)
