"""The labels of our issues."""

from __future__ import annotations

import re

from core.github.labels import LABEL, LABELS


def test_every_label_is_what_github_takes() -> None:
    for name, label in LABELS.items():
        assert name == label.name == name.lower()
        assert re.fullmatch(r"[0-9a-f]{6}", label.color)
        assert 0 < len(label.description or "") <= 100


def test_what_marks_an_issue_as_ours_is_among_them() -> None:
    assert LABEL in LABELS
