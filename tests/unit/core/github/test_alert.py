"""What an alert may be."""

from __future__ import annotations

import pytest

from core.github.alert import Alert, marker_of


@pytest.mark.parametrize("key", ["watchdog", "drift:model-v1.2.0", "deploy/production", "a", "7", "under_score"])
def test_a_key_is_marked_in_a_comment_that_readers_do_not_see(key: str) -> None:
    assert marker_of(key) == f"<!-- slipway:alert {key} -->"


@pytest.mark.parametrize("key", ["", "Watchdog", "two words", "end-", "a\nb", "a --> b", "<a>", ":a"])
def test_a_key_that_could_end_the_comment_or_be_mistaken_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="an alert's key takes small letters"):
        Alert(key=key, title="A title", body="A body")
