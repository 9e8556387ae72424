"""What a service that a deployment starts knows of whoever starts it."""

from __future__ import annotations

from core.tags import FIRST_TAG
from deploy.platforms.service_process import environment_of


def test_a_slot_has_no_secret_of_the_deployment_and_shares_no_metrics_with_the_other() -> None:
    kept = {"MODEL_REGISTRY": "directory:.slipway/registry", "JOURNAL_DIR": "journal"}
    others = {
        "SERVICE_KEY": "secret",
        "FLY_API_TOKEN": "secret",
        "METRICS_PORT": "9091",
        "PROMETHEUS_MULTIPROC_DIR": "/m",
    }
    found = environment_of(kept | others, FIRST_TAG, host="127.0.0.1", port=8001, TRUSTED_PROXIES="1")
    wanted = {"MODEL_TAG": "model-v1.0.0", "HOST": "127.0.0.1", "PORT": "8001", "TRUSTED_PROXIES": "1"}
    assert found == kept | wanted
