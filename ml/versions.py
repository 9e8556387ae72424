"""Which tag a trained model gets, and which one it may not have."""

from __future__ import annotations

from collections.abc import Sequence

from core.bundle import Bundle
from core.contract import Contract
from core.errors import BundleRefused
from core.manifest import Calibration, FileRecord, Intervals, Member, Threshold
from core.tags import FIRST_TAG, Bump, ModelTag

_REASONS = {Bump.MAJOR: "the contract changed", Bump.MINOR: "the scores changed"}


def choose_tag(published: Sequence[ModelTag], *, bump: Bump, wanted: ModelTag | None) -> ModelTag:
    """
    The tag of a new model.

    Args:
        published: Every tag of the registry.
        bump: Which part must move from the newest published tag on.
        wanted: A tag the caller insists on, or None.

    Raises:
        BundleRefused: if the wanted tag does not come after every published one, moves the major part without a
            changed contract or the other way round, or only the patch although the scores changed.
    """
    newest = max(published, default=None)
    if newest is None:
        return wanted or FIRST_TAG
    if wanted is None:
        return newest.bumped(bump)
    require_newer(published, wanted)
    moved = Bump.MAJOR if wanted.major > newest.major else Bump.MINOR if wanted.minor > newest.minor else Bump.PATCH
    if (moved is Bump.MAJOR) != (bump is Bump.MAJOR) or (moved is Bump.PATCH and bump is Bump.MINOR):
        reason = _REASONS[bump] if moved is not Bump.MAJOR else "the contract did not change"
        raise BundleRefused(f"{reason} since {newest}, so the tag is {newest.bumped(bump)}, not {wanted}")
    return wanted


def require_newer(published: Sequence[ModelTag], wanted: ModelTag) -> None:
    """
    Raises:
        BundleRefused: if a tag does not come after every published one.
    """
    newest = max(published, default=None)
    if newest is not None and wanted <= newest:
        raise BundleRefused(f"{wanted} does not come after {newest}, the newest published tag; leave out --tag")


def required_bump(
    newest: Bundle | None,
    contract: Contract,
    members: Sequence[Member],
    calibration: Calibration,
    threshold: Threshold | None,
    graphs: dict[str, FileRecord],
    *,
    intervals: Intervals | None = None,
) -> Bump:
    """
    Which part of the tag a new model moves.

    Args:
        newest: The newest published bundle.
        contract: The new model's.
        members: The new model's members and weights.
        calibration: The new model's.
        threshold: The new model's.
        graphs: Records of the new model's graph files.
        intervals: The new model's.
    """
    if newest is None or newest.contract != contract:
        return Bump.MAJOR
    manifest = newest.manifest
    same_files = all(manifest.files.get(name) == record for name, record in graphs.items())
    answers = manifest.members, manifest.calibration, manifest.threshold, manifest.intervals
    if same_files and answers == (tuple(members), calibration, threshold, intervals):
        return Bump.PATCH
    return Bump.MINOR
