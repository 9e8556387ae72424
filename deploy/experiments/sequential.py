"""How much less the challenger loses, and how sure that is however often one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deploy.experiments.units import Units


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """
    The champion's mean loss minus the challenger's, so that above zero the challenger is better.

    Attributes:
        value: In units of the loss.
        variance: Of the value, above 0.
    """

    value: float
    variance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """
    What the true effect is not below, and not above.

    Each holds at every look at once with the confidence that was asked for.
    """

    low: float
    high: float


def effect_of(units: Units) -> Effect | None:
    """
    The difference of the arms' mean losses.

    Arms are compared within each phase, as the share of a later one may fall on other days; phases weigh as much as
    they tell. Rows of one subject hang together, so the variance is that of subjects.

    Returns:
        None where no phase has rows of several subjects in both arms.

    Source:
        Deng, Knoblich and Lu, "Applying the delta method in metric analytics" (2018), for means over rows of subjects.
    """
    value = total_weight = 0.0
    influence = np.zeros(len(units))
    for phase in range(units.phases):
        arms = [(units.phase == phase) & (units.is_challenger == is_challenger) for is_challenger in (False, True)]
        rows = [float(units.rows[arm].sum()) for arm in arms]
        if min(rows) == 0:
            continue
        weight = rows[0] * rows[1] / (rows[0] + rows[1])
        means = [float(units.loss[arm].sum()) / count for arm, count in zip(arms, rows, strict=True)]
        value += weight * (means[0] - means[1])
        total_weight += weight
        for arm, count, mean, sign in zip(arms, rows, means, (1.0, -1.0), strict=True):
            influence[arm] = sign * weight * (units.loss[arm] - mean * units.rows[arm]) / count
    if not total_weight:
        return None
    by_subject = np.bincount(units.subject, weights=influence) / total_weight
    variance = float((by_subject**2).sum())
    return Effect(value=value / total_weight, variance=variance) if variance > 0 else None


def bounds_of(effect: Effect, scale: float, confidence: float) -> Bounds:
    """
    Bounds that hold at all looks at once: a confidence sequence, whose test is a mixture of likelihood ratios.

    Args:
        effect: As known by now.
        scale: The size of effects that matter; where the true one is about so large, it is found soonest. Above 0.
        confidence: Of each bound, such as 0.95.

    Source:
        Johari, Koomen, Pekelis and Walsh, "Always valid inference" (Operations Research 2022), with a normal mixture;
        that it holds for means of anything, from enough subjects on: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
        "Time-uniform central limit theory and asymptotic confidence sequences" (Annals of Statistics 2024).
    """
    mixture, variance, miss = scale**2, effect.variance, 2 * (1 - confidence)
    spread = variance + mixture
    half = math.sqrt(variance * spread / mixture * (math.log(spread / variance) - 2 * math.log(miss)))
    return Bounds(low=effect.value - half, high=effect.value + half)
