from __future__ import annotations

import pytest

from tests.github import Caller, refusal


def test_a_label_that_exists_is_refused_whatever_its_case(owner: Caller) -> None:
    assert owner.ask("POST", "labels", {"name": "drift-alert", "color": "d73a4a"}).status_code == 201
    assert refusal(owner.ask("POST", "labels", {"name": "Drift-Alert"})) == (422, "already_exists")


@pytest.mark.parametrize("wish", [{"description": "x" * 101}, {"color": "#d73a4a"}])
def test_a_label_has_a_short_description_and_a_plain_colour(owner: Caller, wish: dict[str, str]) -> None:
    assert owner.ask("POST", "labels", {"name": "drift-alert"} | wish).status_code == 422
