from __future__ import annotations

import json

from doubles.github.contract import DOCUMENT
from doubles.github.routes import ROUTES


def test_there_is_a_route_for_every_operation_of_the_document_and_no_other() -> None:
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    documented = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert {(route.method, route.template) for route in ROUTES} == documented


def test_words_come_before_names_so_that_latest_is_no_releases_number() -> None:
    templates = [route.template for route in ROUTES if route.match("api", "GET", "/repos/o/r/releases/latest")]
    assert templates[0] == "/repos/{owner}/{repo}/releases/latest"
