"""What the dashboards and the rules of monitoring/ ask Prometheus for."""

from __future__ import annotations

import json
import re
from typing import Final

from monitoring.dashboards.panels import WINDOW
from tests.rules import MONITORING, rules

_WORDS: Final = re.compile(r"\s(and|or|unless)\s(?:on \(\w*\)\s)?|\s(>=|<=|==|!=|>|<)\s")


def asked() -> list[str]:
    """The expressions that return data wherever something is scraped: only where nothing is, is something absent."""
    return [each for each in by_panels() + _by_rules() if not each.startswith("absent(")]


def by_panels() -> list[str]:
    """The expressions of every dashboard."""
    pages = [json.loads(path.read_text()) for path in (MONITORING / "grafana/dashboards").glob("*.json")]
    panels = [panel for page in pages for panel in page["panels"]]
    found = {target["expr"] for panel in panels for target in panel.get("targets", ())}
    # Grafana puts the length of a step in its place.
    return sorted(each.replace(WINDOW, "5m") for each in found)


def _by_rules() -> list[str]:
    """What every rule looks at: of an alert that which is compared with something."""
    return sorted({looked for rule in rules() for looked in operands(rule["expr"])})


def operands(expression: str) -> list[str]:
    """The parts of a condition that are compared with something; of anything else the whole."""
    parts: list[tuple[int, int, str]] = []
    depth = 0
    for place, sign in enumerate(expression):
        depth += (sign in "([{") - (sign in ")]}")
        found = _WORDS.match(expression, place)
        if depth == 0 and found:
            parts.append((place, found.end(), found[1] or ""))
    start, texts, is_compared = 0, [], False
    for begin, end, word in [*parts, (len(expression), len(expression), "and")]:
        if not is_compared:
            texts.append(expression[start:begin].strip())
        start, is_compared = end, not word
    if len(texts) == 1 and texts[0] == expression.strip():
        inner = expression.strip()
        return operands(inner[1:-1]) if inner.startswith("(") and _closes(inner) == len(inner) - 1 else [inner]
    return [each for text in texts for each in operands(text)]


def _closes(expression: str) -> int:
    """Where the first bracket is closed."""
    depth = 0
    for place, sign in enumerate(expression):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            return place
    return -1
