"""What machines and what goes with them cost, as of when that is known, and how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from deploy.platform import Machine


class Known(StrEnum):
    """How well a price is known; none was read off a bill."""

    DOCUMENTED = "by the provider's documentation"
    DERIVED = "worked out from the provider's documentation"
    QUOTED = "quoted by others, not verified"


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """
    US dollars, without taxes.

    Attributes:
        usd: Of a machine for a month, or of what the name of a rate says.
        as_of: The day of what it was read in, as YYYY-MM-DD.
        page: Where it can be looked up.
        known: How well.
    """

    usd: float
    as_of: str
    page: str
    known: Known = Known.QUOTED


_FLY: Final = "https://fly.io/docs/about/pricing/"
_RENDER: Final = "https://render.com/pricing"
_NEON: Final = "https://neon.com/docs/introduction/plans"
_GITHUB: Final = "https://docs.github.com/billing/reference/actions-runner-pricing"
# Fly's are those of its cheapest regions; others cost up to a fifth more.
PRICES: Final[Mapping[str, Price]] = MappingProxyType(
    {
        "shared-cpu-1x 256mb": Price(usd=2.02, as_of="2026-06-07", page=_FLY),
        "shared-cpu-1x 512mb": Price(usd=3.32, as_of="2026-06-07", page=_FLY, known=Known.DERIVED),
        "free": Price(usd=0.0, as_of="2026-10-15", page=_RENDER, known=Known.DOCUMENTED),
        "starter": Price(usd=7.0, as_of="2026-10-15", page=_RENDER),
        "0.5c-512mb": Price(usd=7.0, as_of="2026-10-15", page=_RENDER),
        "standard": Price(usd=25.0, as_of="2026-10-15", page=_RENDER),
        "1c-2g": Price(usd=25.0, as_of="2026-10-15", page=_RENDER),
    }
)
# What a GB of traffic out of a Fly machine costs, in North America and Europe.
FLY_GB: Final = Price(usd=0.02, as_of="2026-06-07", page=_FLY)
# Of Neon's plan Launch, which has no least sum: an hour of a compute unit, and a GB for a month.
NEON_CU_HOUR: Final = Price(usd=0.106, as_of="2026-11-12", page=_NEON, known=Known.DOCUMENTED)
NEON_GB: Final = Price(usd=0.35, as_of="2026-11-12", page=_NEON, known=Known.DOCUMENTED)
# What Neon's plan Free gives each month: 0.5 GB, hours of a compute unit, GB out of the database.
NEON_FREE_BYTES: Final = 500_000_000
NEON_FREE_CU_HOURS: Final = 100
# Its smallest machine, in compute units, and so long it stays awake after the last query.
NEON_SMALLEST_CU: Final = 0.25
NEON_AWAKE_S: Final = 300
# A minute of a two-core Linux runner beyond what is given away to a private repository each month.
GITHUB_MINUTE: Final = Price(usd=0.006, as_of="2026-01-01", page=_GITHUB, known=Known.DOCUMENTED)
GITHUB_FREE_MINUTES: Final = 2000
RATES: Final[Mapping[str, Price]] = MappingProxyType(
    {
        "Fly, 256 MB in a dearer region (sjc)": Price(usd=2.32, as_of="2026-08-01", page=_FLY, known=Known.DOCUMENTED),
        "Fly, a GB out": FLY_GB,
        "Neon Launch, a compute unit's hour": NEON_CU_HOUR,
        "Neon Launch, a GB for a month": NEON_GB,
        "GitHub Actions, a minute over the free ones": GITHUB_MINUTE,
    }
)


def cost(machines: Sequence[Machine]) -> str:
    """What machines cost a month, as a sentence."""
    if not machines:
        return "Costs: nothing beside the host itself."
    unknown = [machine.kind for machine in machines if machine.kind not in PRICES]
    if unknown:
        return f"Costs: the price table does not know {', '.join(sorted(unknown))}; see {_FLY} or {_RENDER}"
    total = sum(PRICES[machine.kind].usd * machine.count for machine in machines)
    kinds = " and ".join(f"{machine.count} x {machine.kind}" for machine in machines)
    oldest = min((PRICES[machine.kind] for machine in machines), key=lambda price: price.as_of)
    return f"Costs: about ${total:.2f} a month for {kinds} (as of {oldest.as_of}; {oldest.page})."
