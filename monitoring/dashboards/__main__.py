"""Writes the dashboards; `scripts/dashboards` calls it."""

from __future__ import annotations

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.dashboards.drift import drift
from monitoring.dashboards.model import model
from monitoring.dashboards.service import service

FOLDER = Path(__file__).resolve().parent.parent / "grafana" / "dashboards"


def dashboards() -> dict[str, str]:
    """The content of each file, by its name."""
    made = {"slipway.json": service(), "model.json": model(), "drift.json": drift()}
    return {name: JSONEncoder(sort_keys=True, indent=2).encode(each.build()) + "\n" for name, each in made.items()}


if __name__ == "__main__":
    for name, content in dashboards().items():
        (FOLDER / name).write_text(content)
        sys.stdout.write(f"{FOLDER / name}\n")
