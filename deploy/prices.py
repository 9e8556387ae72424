"""What machines cost a month, and as of when that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from deploy.platform import Machine


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """
    US dollars for a machine that runs all month, without taxes.

    Attributes:
        usd: A month.
        as_of: The day on which that was read, as YYYY-MM-DD.
        page: Where it can be looked up.
    """

    usd: float
    as_of: str
    page: str


_FLY: Final = "https://fly.io/docs/about/pricing/"
_RENDER: Final = "https://render.com/pricing"
# Fly's are those of its cheapest regions; others cost up to a fifth more.
PRICES: Final[Mapping[str, Price]] = MappingProxyType(
    {
        "shared-cpu-1x 256mb": Price(usd=2.02, as_of="2026-06-07", page=_FLY),
        "shared-cpu-1x 512mb": Price(usd=3.32, as_of="2026-06-07", page=_FLY),
        "free": Price(usd=0.0, as_of="2026-10-15", page=_RENDER),
        "starter": Price(usd=7.0, as_of="2026-10-15", page=_RENDER),
        "0.5c-512mb": Price(usd=7.0, as_of="2026-10-15", page=_RENDER),
        "standard": Price(usd=25.0, as_of="2026-10-15", page=_RENDER),
        "1c-2g": Price(usd=25.0, as_of="2026-10-15", page=_RENDER),
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
