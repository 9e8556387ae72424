"""`python -m deploy cost`, and the document that shows what it prints."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner, Result

from deploy.__main__ import main
from deploy.costs.measured import EMPTY_POSTGRES, OUTCOME_LINE, OUTCOME_POSTGRES, OUTCOME_SQLITE, TAKEN
from deploy.prices import PRICES, RATES
from tests.cost_document import BLOCK, PATH, written_anew

DOCUMENT = PATH.read_text(encoding="utf-8")
_USD = r"\$\d+\.\d+"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cost", *arguments])


def test_a_person_reads_sums_sizes_steps_minutes_and_prices_with_their_days() -> None:
    result = run("--host-usd", "4.5")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"fly: 1 x shared-cpu-1x 256mb +\$2\.02 .* Neon Free, full after \d+ days", result.stdout)
    assert re.search(r"host: 1 x host of your own +\$4\.50 ", result.stdout)
    assert "10,000 rows a day" in result.stdout
    assert "(as of 2026-06-07, quoted by others, not verified; https://fly.io" in result.stdout


def test_a_program_reads_the_same() -> None:
    read = json.loads(run("--json", "--platform", "render", "--rows-per-day", "100000").stdout)
    (setup,) = read["setups"]
    assert (setup["platform"], setup["compute"], setup["plan"], setup["egress"]) == ("render", 7.0, "Neon Launch", None)
    assert setup["total"] == pytest.approx(7 + setup["database"])
    assert {"drift.yml", "train.yml"} <= set(read["minutes"])
    assert all(set(step) == {"rows_per_day", "what"} for step in setup["next"])


def test_minutes_beyond_the_free_ones_are_paid_for_in_a_private_repository_only() -> None:
    private, public = (json.loads(run("--json", "--minutes", "3000", *more).stdout) for more in ((), ("--public",)))
    over = 3000 + sum(private["minutes"].values()) - 2000
    assert [each["minutes"] for each in private["setups"]] == [pytest.approx(over * 0.006)] * 3
    assert [each["minutes"] for each in public["setups"]] == [0, 0, 0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rows-per-day", "0"],
        ["--rows-per-day", "nan"],
        ["--hours-per-day", "25"],
        ["--hours-per-day", "nan"],
        ["--host-usd", "inf"],
        ["--sample", "2"],
        ["--platform", "mars"],
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_document_shows_what_the_command_prints() -> None:
    assert len(BLOCK.findall(DOCUMENT)) >= 3
    assert written_anew(DOCUMENT) == DOCUMENT, "python -m tests.cost_document writes it anew"


def test_every_other_price_in_the_document_is_one_of_the_price_table() -> None:
    prose = BLOCK.sub("", DOCUMENT)
    known = {f"${price.usd:.3f}".removesuffix("0") for price in (*PRICES.values(), *RATES.values())}
    shown = {price for _, output in BLOCK.findall(DOCUMENT) for price in re.findall(_USD, output)}
    assert set(re.findall(_USD, prose)) <= known | shown
    for name, price in RATES.items():
        assert f"| {name} | ${price.usd:.3f}".removesuffix("0") in prose
        assert f"{price.as_of} | {price.known} |" in prose


def test_the_document_has_the_sizes_that_are_counted_with() -> None:
    for each in TAKEN:
        sizes = (each.rows, each.answer, each.line, each.sqlite, each.postgres, each.postgres / each.rows)
        assert f"| {' | '.join(f'{size:,.0f}' for size in sizes)} |" in DOCUMENT
    assert f"a line of {OUTCOME_LINE}, {OUTCOME_SQLITE} in SQLite, {OUTCOME_POSTGRES} in Postgres" in DOCUMENT
    assert f"{EMPTY_POSTGRES / 1e6:.1f} MB" in DOCUMENT
