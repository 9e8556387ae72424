"""Simulated experiments are what they are said to be."""

from __future__ import annotations

from bench.experiments import World, simulate
from deploy.experiments.readout import Word

LOSS = 0.19


def test_of_equal_models_hardly_any_is_called_better() -> None:
    found = simulate(World(), 60, LOSS)
    # One in twenty may be: eight or more of sixty are once in a hundred times.
    assert found.words[Word.CHALLENGER] < 8
    assert found.words[Word.BROKEN] <= 1
    assert found.peeked > found.words[Word.CHALLENGER]


def test_a_much_better_challenger_is_found() -> None:
    found = simulate(World(challenger_error=0.0), 10, LOSS)
    assert found.words[Word.CHALLENGER] >= 8


def test_a_bot_in_one_arm_breaks_it() -> None:
    assert simulate(World(bot=150), 5, LOSS).words == {Word.BROKEN: 5}
