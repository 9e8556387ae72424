from __future__ import annotations

import pytest
import requests

from doubles.github import GitHub
from tests.github import TIMEOUT_S, Caller, made


@pytest.fixture
def seven(owner: Caller) -> Caller:
    """An owner of seven issues."""
    for number in range(1, 8):
        owner.issue(title=f"Drift {number}")
    return owner


def numbers(response: requests.Response) -> list[int]:
    return [issue["number"] for issue in response.json()]


def test_a_list_comes_in_pages(seven: Caller) -> None:
    assert numbers(seven.ask("GET", "issues", query={"per_page": "3", "page": "2"})) == [4, 3, 2]


def test_the_links_lead_through_all_pages(seven: Caller) -> None:
    response = seven.ask("GET", "issues", query={"per_page": "3", "state": "all"})
    found = numbers(response)
    while "next" in response.links:
        response = requests.get(response.links["next"]["url"], timeout=TIMEOUT_S)
        found += numbers(response)
    assert found == [7, 6, 5, 4, 3, 2, 1]


def test_the_links_name_the_first_and_the_last_page(seven: Caller) -> None:
    links = seven.ask("GET", "issues", query={"per_page": "3", "page": "2"}).links
    assert {name: link["url"].rpartition("=")[2] for name, link in links.items()} == {
        "prev": "1",
        "next": "3",
        "last": "3",
        "first": "1",
    }


def test_a_list_of_one_page_has_no_links(owner: Caller) -> None:
    assert "Link" not in owner.ask("GET", "issues").headers


def test_a_page_holds_at_most_a_hundred(github: GitHub, owner: Caller) -> None:
    draft = owner.draft()
    for number in range(101):
        made(owner.upload(draft, name=f"{number}.bin"))
    assert len(owner.ask("GET", draft["assets_url"], query={"per_page": "1000"}).json()) == 100
    assert len(owner.ask("GET", draft["assets_url"]).json()) == 30
    assert len([call for call in github.calls if call.site == "uploads"]) == 101
