"""Whether subjects fell into the arms as they were assigned to, or some went astray."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# How many subjects' worth the prior is: it looks for shares that are off by some 2.5 percentage points.
_PRIOR_WEIGHT = 400.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """
    New subjects of one phase.

    Attributes:
        share: That the challenger was to get, in (0, 1).
        champion: How many fell to the champion.
        challenger: How many fell to the challenger.
    """

    share: float
    champion: int
    challenger: int


def p_value(splits: Sequence[Split]) -> float:
    """
    How likely such counts, or less likely ones, are at any look, if subjects were assigned by the shares; in (0, 1].

    Args:
        splits: Of each phase, with the subjects that were first seen in it.

    Source:
        Lindon and Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022): the inverse of the Bayes
        factor of a Dirichlet prior against the shares.
    """
    return min(1.0, math.exp(-sum(map(_log_bayes_factor, splits))))


def _log_bayes_factor(split: Split) -> float:
    prior = (_PRIOR_WEIGHT * (1 - split.share), _PRIOR_WEIGHT * split.share)
    counts = (split.champion, split.challenger)
    under_prior = _log_beta(*(a + n for a, n in zip(prior, counts, strict=True))) - _log_beta(*prior)
    under_shares = counts[0] * math.log(1 - split.share) + counts[1] * math.log(split.share)
    return under_prior - under_shares


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
