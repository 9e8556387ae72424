"""Weeks of customers' rows, and a reference whose own weeks differ a little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import structs

from core.contract import Contract, DriftRole
from core.reference import WEEK, Reference, Spread, Spreads, categorical_reference, numeric_reference
from drift.columns import Coded, Columns
from drift.counts import Profile
from tests.factories import make_contract

CITIES = ("Oslo", "Rome")


def make_spreads(windows: int = 10, mean: float = 0.02) -> dict[str, Spreads]:
    """Weeks that lie so far from the rest, with a standard deviation of 0.005."""
    spread = Spread(windows=windows, mean=mean, sd=0.005, highest=mean + 0.01)
    return {WEEK: Spreads(effect=spread, missing=spread, unseen=Spread(windows=windows, mean=0, sd=0, highest=0))}


def make_profile(
    *, spreads: dict[str, Spreads] | None = None, role: DriftRole = DriftRole.TESTED, has_values: bool = True
) -> Profile:
    """Ages and cities of 20,000 customers, of whom a tenth gave no age (or none did); `role` is that of the ages."""
    columns = make_week(0, 20_000)
    ages = columns.numeric["age"] if has_values else np.full(len(columns), np.nan)
    known = spreads if spreads is not None else make_spreads()
    reference = Reference(
        numeric={"age": structs.replace(numeric_reference(ages), spreads=known)},
        categorical={
            "city": structs.replace(
                categorical_reference([CITIES[code] for code in columns.categorical["city"].codes]), spreads=known
            )
        },
        scores={},
        rows=20_000,
    )
    return Profile.of(with_role(make_contract(), role), reference)


def with_role(contract: Contract, role: DriftRole) -> Contract:
    """A contract whose first feature has another role."""
    first, *others = contract.features
    return replace(contract, features=(replace(first, drift=role), *others))


def make_week(seed: int, rows: int = 4000, *, older_by: float = 0.0) -> Columns:
    """Rows like the reference's, drawn anew; three quarters live in Oslo."""
    random = np.random.default_rng(seed)
    ages = random.normal(40 + older_by, 8, rows).clip(0, 120)
    ages[random.random(rows) < 0.1] = np.nan
    return Columns(
        at=np.arange(rows, dtype=np.int64),
        numeric={"age": ages},
        categorical={"city": Coded(codes=(random.random(rows) < 0.25).astype(np.int32), categories=CITIES)},
        scores={},
        wrong={},
    )
