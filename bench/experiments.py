"""Experiments that are simulated, and looked at every day: how often each word is right, and after how many days."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.server import verdict
from core.experiment_policy import ExperimentPolicy, Loss
from deploy.experiments.mismatch import Split
from deploy.experiments.readout import Evidence, Word, judge
from deploy.experiments.sequential import effect_of
from deploy.experiments.units import Units

DAYS = 60
_NEW_SUBJECTS = 40
_POLICY = ExperimentPolicy(loss=Loss.BRIER, max_days=10**4)
_LEVEL = 0.05
# Of the normal distribution.
_Z = 1.6449
# What a champion's scores are off by, in logits; without that they would be the true probabilities.
_CHAMPION_ERROR = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """
    What happens in an experiment.

    Attributes:
        challenger_error: As the champion's, in logits; equal in an A/A experiment.
        lost: A share of the challenger's subjects that never reaches the journal.
        bot: Rows that one subject of the challenger asks for each day.
    """

    challenger_error: float = _CHAMPION_ERROR
    lost: float = 0.0
    bot: int = 0


@dataclass(kw_only=True, slots=True)
class Found:
    """What came of many experiments of one world."""

    words: Counter[Word] = field(default_factory=Counter)
    days: list[int] = field(default_factory=list)
    fixed: int = 0
    peeked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """All rows of an experiment by day; shapes (n,)."""

    day: NDArray[np.int64]
    subject: NDArray[np.int64]
    is_challenger: NDArray[np.bool_]
    loss: NDArray[np.float64]


def main() -> None:
    """Simulate, and print what was found beside a test of a fixed length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2_000, help="A/A experiments (default: 2000)")
    parser.add_argument("--others", type=int, default=300, help="of every other kind (default: 300)")
    arguments = parser.parse_args()
    loss = _mean_loss(_CHAMPION_ERROR)
    print(f"The champion's Brier score is {loss:.4f}; a gain of {_POLICY.margin:.0%} is worth a change.\n")
    same = simulate(World(), arguments.experiments, loss)
    kinds = {"A/A": same}
    for error in (0.7, 0.6, 0.4, 0.0):
        gain = loss - _mean_loss(error)
        world = World(challenger_error=error)
        kinds[f"gain {gain:.4f} ({100 * gain / loss:.0f} %)"] = simulate(world, arguments.others, loss)
    worse = World(challenger_error=1.0)
    kinds[f"loss {_mean_loss(1.0) - loss:.4f}"] = simulate(worse, arguments.others, loss)
    kinds["three tenths of one arm are lost"] = simulate(World(lost=0.3), arguments.others, loss)
    kinds["a bot in one arm"] = simulate(World(bot=150), arguments.others, loss)
    show(kinds)
    print()
    verdict("A/A called better, share", same.words[Word.CHALLENGER] / arguments.experiments, at_most=_LEVEL)
    for name in ("three tenths of one arm are lost", "a bot in one arm"):
        verdict(f"{name}: called broken, share", kinds[name].words[Word.BROKEN] / arguments.others, at_least=0.95)


def simulate(world: World, experiments: int, champion_loss: float) -> Found:
    """Run many experiments of a world, each with another seed, and look at each every day until a word falls."""
    found = Found()
    for seed in range(experiments):
        rows, word, day, has_peeked = _rows(np.random.default_rng([1, seed]), world), Word.RUNNING, 0, False
        evidence = None
        for day, evidence in enumerate(_days(rows), start=1):
            has_peeked |= _is_significant(evidence.units)
            if word is Word.RUNNING:
                word = judge(evidence, _POLICY, champion_loss=champion_loss).word
                if word is not Word.RUNNING:
                    found.days.append(day)
        found.words[word] += 1
        found.peeked += has_peeked
        found.fixed += evidence is not None and _is_significant(evidence.units)
    return found


def _is_significant(units: Units) -> bool:
    """What a test says that may be looked at once."""
    effect = effect_of(units)
    return effect is not None and effect.value > _Z * effect.variance**0.5


def _rows(random: np.random.Generator, world: World) -> Rows:
    """Subjects come, ask more or less often, and stay away more and more."""
    subjects = DAYS * _NEW_SUBJECTS
    born = np.repeat(np.arange(DAYS), _NEW_SUBJECTS)
    is_challenger = random.random(subjects) < 0.5
    rate = random.gamma(1.0, 1.5, subjects)
    of_subject = random.normal(-0.7, 1.2, subjects)
    days, who = [], []
    for today in range(DAYS):
        asked = random.poisson(np.where(born <= today, rate * 0.8 ** (today - born).clip(0), 0.0))
        who.append(np.repeat(np.arange(subjects), asked))
        days.append(np.full(len(who[-1]), today))
    if world.bot:
        bot = int(np.flatnonzero(is_challenger)[0])
        days += [np.full(world.bot, today) for today in range(DAYS)]
        who += [np.full(world.bot, bot)] * DAYS
    day, subject = np.concatenate(days), np.concatenate(who)
    if world.lost:
        is_lost = is_challenger & (random.random(subjects) < world.lost)
        day, subject = day[~is_lost[subject]], subject[~is_lost[subject]]
    error = np.where(is_challenger[subject], world.challenger_error, _CHAMPION_ERROR)
    loss = _losses(random, of_subject[subject] + random.normal(0, 0.8, len(subject)), error)
    order = np.argsort(day, kind="stable")
    return Rows(day=day[order], subject=subject[order], is_challenger=is_challenger[subject][order], loss=loss[order])


def _losses(
    random: np.random.Generator, logits: NDArray[np.float64], error: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    happened = random.random(len(logits)) < _probability(logits)
    score = _probability(logits + error * random.normal(size=len(logits)))
    loss: NDArray[np.float64] = (score - happened) ** 2
    return loss


def _probability(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return chance


def _mean_loss(error: float) -> float:
    random = np.random.default_rng(0)
    logits = random.normal(-0.7, 1.2, 2_000_000) + random.normal(0, 0.8, 2_000_000)
    return float(_losses(random, logits, error).mean())


def _days(rows: Rows) -> Iterator[Evidence]:
    """What is known after each day."""
    ends = np.searchsorted(rows.day, np.arange(DAYS), side="right")
    for day, end in enumerate(ends, start=1):
        subject = rows.subject[:end]
        count = np.bincount(subject)
        loss = np.bincount(subject, weights=rows.loss[:end]).astype(np.float64)
        challenged = np.zeros(len(count), dtype=bool)
        challenged[subject] = rows.is_challenger[:end]
        seen = np.flatnonzero(count)
        units = Units(
            phase=np.zeros(len(seen), dtype=np.int64),
            subject=np.arange(len(seen)),
            is_challenger=challenged[seen],
            rows=count[seen].astype(np.float64),
            loss=loss[seen],
        )
        challengers = int(units.is_challenger.sum())
        split = Split(share=0.5, champion=len(seen) - challengers, challenger=challengers)
        yield Evidence(days=day, units=units, splits=(split,))


def show(kinds: dict[str, Found]) -> None:
    """Print a table."""
    words = [Word.CHALLENGER, Word.CHAMPION, Word.BROKEN, Word.RUNNING]
    head = ["world", *(f"{word} (%)" for word in words), "days to decide, median (nine in ten)"]
    head += [f"fixed test after {DAYS} days: better (%)", "the same, looked at every day (%)"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for name, found in kinds.items():
        total = found.words.total()
        cells = [f"{100 * found.words[word] / total:.1f}" for word in words]
        cells.append(_spread(found.days))
        cells += [f"{100 * count / total:.1f}" for count in (found.fixed, found.peeked)]
        print(f"| {name} | {' | '.join(cells)} |")


def _spread(days: Sequence[int]) -> str:
    return f"{np.median(days):.0f} ({np.quantile(days, 0.9):.0f})" if days else "-"


if __name__ == "__main__":
    main()
