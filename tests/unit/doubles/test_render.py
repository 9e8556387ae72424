"""The double does as Render is known to do, and refuses what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from doubles.render import Plan, Render
from doubles.render.double import KEY

BLUE, GREEN = "model-v1.0.0", "model-v1.1.0"


@pytest.fixture
def render() -> Iterator[Render]:
    with Render(tag=BLUE) as double:
        yield double


def ask(render: Render, method: str, path: str, body: Any = None, *, key: str = KEY) -> requests.Response:
    url = f"{render.api_url}/services" + (f"/{render.service.id}/{path}" if path else "")
    return requests.request(method, url, json=body, headers={"Authorization": f"Bearer {key}"}, timeout=5)


def public(render: Render) -> str:
    return str(requests.get(f"{render.url}/readyz", timeout=5).json()["model_tag"])


def test_nobody_is_let_in_without_a_key(render: Render) -> None:
    assert ask(render, "GET", "", key="another").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "logs", None, 404),
        ("DELETE", "env-vars/MODEL_TAG", None, 405),
        ("GET", "deploys/dep-9", None, 404),
        ("POST", "deploys", {"deployMode": "fast"}, 400),
        ("POST", "deploys", {"mode": "deploy_only"}, 400),
        ("POST", "deploys", {"deployMode": "deploy_only", "clearCache": "clear"}, 400),
        ("PUT", "env-vars/MODEL_TAG", {"val": GREEN}, 400),
        ("POST", "rollback", {"deployId": "dep-9"}, 404),
        ("POST", "deploys/dep-001/cancel", None, 409),
    ],
)
def test_what_is_unknown_is_refused(render: Render, method: str, path: str, body: Any, status: int) -> None:
    assert ask(render, method, path, body).status_code == status


def test_a_changed_variable_deploys_nothing_and_a_restart_does_not_read_it(render: Render) -> None:
    assert ask(render, "PUT", "env-vars/MODEL_TAG", {"value": GREEN}).json() == {"key": "MODEL_TAG", "value": GREEN}
    assert ask(render, "POST", "restart", {}).status_code == 200
    render.finish()
    assert (public(render), len(render.service.deploys)) == (BLUE, 1)


def test_a_list_of_variables_replaces_all(render: Render) -> None:
    ask(render, "PUT", "env-vars", [{"key": "MODEL_TAG", "value": GREEN}])
    assert render.service.env == {"MODEL_TAG": GREEN}


def test_a_list_is_read_page_by_page(render: Render) -> None:
    first = ask(render, "GET", "env-vars?limit=2").json()
    second = ask(render, "GET", f"env-vars?limit=2&cursor={first[-1]['cursor']}").json()
    assert [each["envVar"]["key"] for each in (*first, *second)] == ["API_KEYS", "SUBJECT_KEY", "MODEL_TAG"]


def test_the_statuses_come_in_order(render: Render) -> None:
    deploy = ask(render, "POST", "deploys", {"clearCache": "do_not_clear"}).json()
    seen = [deploy["status"]]
    while seen[-1] != "live":
        seen.append(ask(render, "GET", f"deploys/{deploy['id']}").json()["status"])
    assert seen == ["created", "build_in_progress", "pre_deploy_in_progress", "update_in_progress", "live"]
    assert [each["deploy"]["status"] for each in ask(render, "GET", "deploys").json()] == ["live", "deactivated"]


def test_of_those_that_wait_the_newest_survives(render: Render) -> None:
    render.deploy()
    answers = [ask(render, "POST", "deploys", {"deployMode": "deploy_only"}) for _ in range(2)]
    assert [(each.status_code, each.content) for each in answers] == [(202, b"")] * 2
    assert [each.status for each in render.service.deploys[1:]] == ["created", "canceled", "queued"]


def test_under_override_the_newest_takes_over(render: Render) -> None:
    render.service.policy = "override"
    render.deploy()
    assert ask(render, "POST", "deploys", {"deployMode": "deploy_only"}).status_code == 201
    assert [each.status for each in render.service.deploys[1:]] == ["canceled", "created"]


def test_a_suspended_service_answers_nobody_and_deploys_nothing(render: Render) -> None:
    assert ask(render, "POST", "suspend").status_code == 202
    assert ask(render, "POST", "deploys", {"deployMode": "deploy_only"}).status_code == 409
    assert requests.get(f"{render.url}/readyz", timeout=5).status_code == 502
    ask(render, "POST", "resume")
    assert public(render) == BLUE


def test_a_sync_puts_literals_back_and_deploys_them(render: Render) -> None:
    render.service.env["MODEL_TAG"] = GREEN
    render.sync_blueprint(MODEL_TAG="model-v0.1.0")
    render.finish()
    assert public(render) == "model-v0.1.0"


def test_a_free_service_goes_back_two_deploys_at_most() -> None:
    with Render(plan="free", tag=BLUE) as render:
        for _ in range(3):
            render.deploy()
            render.finish()
        statuses = [ask(render, "POST", "rollback", {"deployId": f"dep-00{number}"}).status_code for number in (1, 2)]
        assert statuses == [404, 201]


def test_blue_answers_for_a_while_beside_green(render: Render) -> None:
    render.service.old_answers = 2
    render.service.env["MODEL_TAG"] = GREEN
    render.deploy()
    render.finish()
    assert [public(render) for _ in range(3)] == [BLUE, BLUE, GREEN]


def test_live_may_be_a_lie(render: Render) -> None:
    render.plan(Plan(answers=False))
    render.deploy()
    render.finish()
    assert ask(render, "GET", "deploys?status=live").json()[0]["deploy"]["id"] == "dep-002"
    assert requests.get(f"{render.url}/readyz", timeout=5).status_code == 502
