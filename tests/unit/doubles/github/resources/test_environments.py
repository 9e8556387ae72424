from __future__ import annotations

from doubles.github import GitHub
from doubles.github.resources.environments import ensure_environment
from tests.github import REPOSITORY, Caller, made

RULE = {"id": 1, "node_id": "GA_1", "type": "wait_timer", "wait_timer": 30}


def test_an_environment_answers_with_its_rules(github: GitHub, owner: Caller) -> None:
    environment = ensure_environment(github.world, github.repository(REPOSITORY), "production")
    environment.protection_rules.append(RULE)
    [found] = made(owner.ask("GET", "environments"))["environments"]
    assert found["protection_rules"] == [RULE]
