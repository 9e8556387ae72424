"""Who belongs to which arm: by chance, and for good."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from core.experiment import Arm, arm_of, position
from core.tags import ModelTag
from tests.commands import ROOT

KEY = b"0" * 32
TAG, NEXT = ModelTag.parse("model-v1.1.0"), ModelTag.parse("model-v1.2.0")
SUBJECTS = 1_000_000
CELLS = 100


@pytest.fixture(scope="module")
def positions() -> np.ndarray:
    return np.array([position(KEY, TAG, f"customer-{number}") for number in range(SUBJECTS)])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_million_subjects_are_shared_out_as_by_chance(positions: np.ndarray, share: float) -> None:
    challengers = sum(arm_of(each, share) is Arm.CHALLENGER for each in positions)
    error = (SUBJECTS * share * (1 - share)) ** 0.5
    assert abs(challengers - SUBJECTS * share) < 3 * error


def test_a_million_subjects_lie_evenly(positions: np.ndarray) -> None:
    counts, _ = np.histogram(positions, bins=CELLS, range=(0, 1))
    expected = SUBJECTS / CELLS
    # Chi-squared of 99 degrees of freedom: 149 is passed once in a thousand.
    assert ((counts - expected) ** 2 / expected).sum() < 149


def test_names_that_are_alike_lie_apart(positions: np.ndarray) -> None:
    assert abs(np.corrcoef(positions[:-1], positions[1:])[0, 1]) < 4 / SUBJECTS**0.5


def test_nobody_leaves_the_challenger_when_its_share_grows(positions: np.ndarray) -> None:
    few, many = (np.array([arm_of(each, share) is Arm.CHALLENGER for each in positions]) for share in (0.1, 0.5))
    assert not (few & ~many).any()
    assert few.sum() < many.sum()


def test_positions_are_the_same_in_another_process_and_order(positions: np.ndarray) -> None:
    numbers = np.random.default_rng(1).permutation(SUBJECTS)[:1000].tolist()
    program = f"""
from core.experiment import position
from core.tags import ModelTag
for number in {numbers}:
    print(position({KEY!r}, ModelTag.parse("{TAG}"), f"customer-{{number}}"))
"""
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert [float(line) for line in done.stdout.split()] == positions[numbers].tolist()


def test_another_challenger_or_key_shares_out_anew(positions: np.ndarray) -> None:
    for key, tag in ((KEY, NEXT), (b"1" * 32, TAG)):
        others = np.array([position(key, tag, f"customer-{number}") for number in range(20_000)])
        assert abs(np.corrcoef(positions[:20_000], others)[0, 1]) < 4 / 20_000**0.5


def test_no_share_and_the_whole_share_leave_nothing_over() -> None:
    assert {arm_of(each / 100, 0.0) for each in range(100)} == {Arm.CHAMPION}
    assert {arm_of(each / 100, 1.0) for each in range(100)} == {Arm.CHALLENGER}
