"""What to do about an answer with which GitHub refuses something."""

from __future__ import annotations


def github_advice(status: int, said: str, *, is_limited: bool, has_token: bool) -> str:
    """
    What would help; empty if nothing is known.

    Args:
        status: Of the answer.
        said: GitHub's own words.
        is_limited: Whether it was asked too much.
        has_token: Whether the call had a token.
    """
    for applies, advice in (
        (is_limited and has_token, "too much was asked of it; try again later"),
        (is_limited, "too much was asked of it; try again later, or set GITHUB_TOKEN"),
        (300 <= status < 400, "the repository was renamed or moved; use its new name"),
        ("immutable release" in said, "the tag can never be used again; train with --tag and a later version"),
        (status == 401 and not has_token, "set GITHUB_TOKEN"),
        (status == 401, "set GITHUB_TOKEN to a token that has not expired"),
        (status in {403, 404} and not has_token, "set GITHUB_TOKEN if the repository is private"),
        (status in {403, 404}, "the token may lack a permission, which a workflow grants under `permissions`"),
    ):
        if applies:
            return advice
    return ""
