"""One host whose machine was started anew: nothing runs, and file and ledger say what should."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from core.ledger import Environment, FileLedger
from deploy.__main__ import main
from tests.one_host import FIRST, SECOND, Host, one_host, publish_three


def run(host: Host, *arguments: str) -> Result:
    places = {"DEPLOYMENT_LEDGER": f"file:{host.folder / 'ledger.jsonl'}", "DEPLOY_PLATFORM": "host", "WATCH_S": "0"}
    return CliRunner().invoke(main, arguments, env=host.environment | places)


def test_what_served_before_a_reboot_serves_after_it_without_being_named(tmp_path: Path) -> None:
    with one_host(tmp_path, publish_three(tmp_path)) as host:
        for tag in (FIRST, SECOND):
            assert run(host, "up", str(tag)).exit_code == 0
        for mark in ("blue.pid", "green.pid", "caddy.pid"):
            host.kill(mark)

        status = run(host, "status")
        assert status.exit_code == 1
        assert "serves nothing" in status.stdout
        assert "python -m deploy up puts that right" in status.stderr

        assert run(host, "up").exit_code == 0
        assert host.served() == str(SECOND)
        entries = FileLedger(tmp_path / "ledger.jsonl").history(Environment.PRODUCTION)
        assert [entry.tag for entry in entries] == [FIRST, SECOND]
        assert run(host, "status").exit_code == 0
