"""A bundle as it would answer here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.contract import Row, Task
from core.errors import BundleRefused
from core.manifest import Threshold
from deploy.replay.scoring import answers_of, fitted_until
from tests.factories import make_bundle

ROWS: list[Row] = [{"age": 0, "city": "Oslo"}, {"age": 50, "city": "Rome"}]


def test_a_probability_has_a_label_by_the_threshold(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", threshold=Threshold(value=0.5, rule="a test's"))
    first, second = answers_of(bundle, ROWS)
    assert (first.label, first.score) == ("yes", 0.5)
    assert second.label == "yes"
    assert second.score == pytest.approx(1 / (1 + np.exp(-1.5)))
    bundle = make_bundle(tmp_path / "other", threshold=Threshold(value=0.6, rule="a test's"))
    assert [answer.label for answer in answers_of(bundle, ROWS)] == ["no", "yes"]


def test_of_classes_the_likeliest_is_the_label(tmp_path: Path) -> None:
    first, second = answers_of(make_bundle(tmp_path / "bundle", Task.MULTICLASS), ROWS)
    assert list(first.scores) == ["basic", "plus", "pro"]
    assert first.label == "basic"
    assert second.label == max(second.scores, key=lambda name: second.scores[name] or 0)


def test_a_value_stands_alone(tmp_path: Path) -> None:
    answers = answers_of(make_bundle(tmp_path / "bundle", Task.REGRESSION), ROWS)
    assert [answer.value for answer in answers] == pytest.approx([0, 1.5])
    assert [answer.label for answer in answers] == ["", ""]


def test_a_bundle_that_does_not_score_here_as_it_was_trained_is_refused(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "bundle", Task.REGRESSION)
    name = bundle.manifest.members[0].file
    files = {**bundle.files, name: make_bundle(tmp_path / "other").files[name]}
    odd = type(bundle)(directory=bundle.directory, manifest=bundle.manifest, contract=bundle.contract, files=files)
    with pytest.raises(BundleRefused, match="golden rows are off"):
        answers_of(odd, ROWS)


def test_a_bundle_says_up_to_when_it_was_fitted(tmp_path: Path) -> None:
    assert fitted_until(make_bundle(tmp_path / "bundle")) == datetime(2026, 3, 1, tzinfo=UTC)
