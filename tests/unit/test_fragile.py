"""Models that fail, or take long, where a value is too high, and are as good as the original elsewhere."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from core.bundle import Bundle
from core.encoder import Encoder
from core.registry import DirectoryRegistry
from core.scorer import check_golden, load_scorer
from core.tags import ModelTag
from tests.factories import make_bundle
from tests.fragile import publish_fragile, publish_sluggish

TAG = ModelTag.parse("model-v1.1.0")


def made_of(good: Bundle, folder: Path) -> Bundle:
    registry = DirectoryRegistry(folder)
    publish_fragile(registry, good, TAG, feature="age", above=80.0)
    return registry.fetch(TAG)


def test_the_copy_is_published_with_golden_rows_that_come_out_right(tmp_path: Path) -> None:
    fragile = made_of(make_bundle(tmp_path / "good"), tmp_path / "registry")
    check_golden(fragile, load_scorer(fragile))


@pytest.mark.parametrize("age", [None, 0.0, 79.0, 80.0])
def test_the_copy_scores_as_the_original_up_to_the_value(tmp_path: Path, age: float | None) -> None:
    good = make_bundle(tmp_path / "good")
    fragile = made_of(good, tmp_path / "registry")
    matrix = Encoder(good.contract).rows([{"age": age, "city": "Rome"}])
    assert np.array_equal(load_scorer(fragile).score(matrix), load_scorer(good).score(matrix))


def test_the_copy_fails_where_one_row_lies_above_the_value(tmp_path: Path) -> None:
    fragile = made_of(make_bundle(tmp_path / "good"), tmp_path / "registry")
    matrix = Encoder(fragile.contract).rows([{"age": 30.0, "city": "Rome"}, {"age": 80.5, "city": "Rome"}])
    with pytest.raises(Exception, match="indices element out of data bounds"):
        load_scorer(fragile).score(matrix)


@pytest.mark.parametrize("age", [None, 30.0, 80.0, 80.5])
def test_the_slow_copy_scores_as_the_original(tmp_path: Path, age: float | None) -> None:
    good, registry = make_bundle(tmp_path / "good"), DirectoryRegistry(tmp_path / "registry")
    publish_sluggish(registry, good, TAG, feature="age", above=80.0, rounds=10)
    slow = registry.fetch(TAG)
    check_golden(slow, load_scorer(slow))
    matrix = Encoder(good.contract).rows([{"age": age, "city": "Rome"}])
    assert np.array_equal(load_scorer(slow).score(matrix), load_scorer(good).score(matrix))


def test_the_slow_copy_takes_long_where_one_row_lies_above_the_value(tmp_path: Path) -> None:
    good, registry = make_bundle(tmp_path / "good"), DirectoryRegistry(tmp_path / "registry")
    publish_sluggish(registry, good, TAG, feature="age", above=80.0)
    slow = load_scorer(registry.fetch(TAG))

    def cpu_s(age: float) -> float:
        matrix = Encoder(good.contract).rows([{"age": 30.0, "city": "Rome"}, {"age": age, "city": "Rome"}])
        began = time.thread_time()
        slow.score(matrix)
        return time.thread_time() - began

    assert cpu_s(80.5) > 10 * min(cpu_s(80.0) for _ in range(5))
