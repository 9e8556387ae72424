"""A second adoption: what a person edited stays, the rest follows the data, and the difference is said."""

from __future__ import annotations

import tomllib

import pytest

from ml.adopt.merging import merge, split_blocks

BASE = """\
# Predicts 'left'.

[dataset]
# No column says when a row happened.
path = "a.csv"

[target]
name = "left"
task = "binary"
positive = "yes"

[[features]]
# Whole numbers from 18 to 90.
name = "age"
kind = "numeric"
low = 0
high = 150

[[features]]
# Texts of 2 values.
name = "plan"
kind = "categorical"
categories = [
  "basic",
  "pro",
]
"""
WIDER = BASE.replace("high = 150", "high = 200").replace("18 to 90", "18 to 120")
NEW = WIDER.replace('  "pro",', '  "plus",\n  "pro",')
TOWN = '\n[[features]]\n# Texts of 1 value.\nname = "town"\nkind = "categorical"\ncategories = ["Rome"]\n'


def test_nothing_edited_is_what_adopt_writes_now() -> None:
    merged = merge(base=BASE, mine=BASE, new=NEW)
    assert merged.text == NEW
    assert merged.changed == (
        "feature 'age' high: 150 -> 200",
        "feature 'plan' categories: ['basic', 'pro'] -> ['basic', 'plus', 'pro']",
    )
    assert merged.kept == ()


def test_nothing_new_leaves_the_file_as_it_is() -> None:
    mine = BASE.replace("high = 150", "high = 120  # nobody is older").replace("[target]", "\n\n# mine\n[target]")
    merged = merge(base=BASE, mine=mine, new=BASE)
    assert tomllib.loads(merged.text) == tomllib.loads(mine)
    assert "high = 120  # nobody is older" in merged.text
    assert "# mine" in merged.text
    assert merged.changed == ()


def test_an_edited_value_stays_and_what_adopt_would_write_is_said() -> None:
    merged = merge(base=BASE, mine=BASE.replace("high = 150", "high = 120"), new=NEW)
    assert "high = 120" in merged.text
    assert "18 to 120" in merged.text
    assert merged.kept == ("feature 'age' high stays 120, as you edited it; adopt would write 200",)
    assert len(merged.changed) == 1


def test_a_key_and_a_comment_that_were_added_stay_while_the_rest_of_the_table_follows() -> None:
    mine = BASE.replace('name = "age"', 'name = "age"\nunit = "years"  # of the customer')
    merged = merge(base=BASE, mine=mine, new=NEW)
    assert 'unit = "years"  # of the customer' in merged.text
    assert "high = 200" in merged.text
    assert merged.kept == ()


def test_an_edited_reason_stays() -> None:
    mine = BASE.replace("# Whole numbers from 18 to 90.", "# At the time of signing up.")
    merged = merge(base=BASE, mine=mine, new=NEW)
    assert "# At the time of signing up.\n" in merged.text
    assert "high = 200" in merged.text


def test_a_new_column_comes_in_at_its_place() -> None:
    head, plan = BASE.split("\n[[features]]\n# Texts of 2")
    merged = merge(base=BASE, mine=BASE, new=f"{head}{TOWN}\n[[features]]\n# Texts of 2{plan}")
    assert [each["name"] for each in tomllib.loads(merged.text)["features"]] == ["age", "town", "plan"]
    assert merged.changed == ("feature 'town' is new",)


def test_a_column_that_is_gone_goes_unless_it_was_edited() -> None:
    gone = merge(base=BASE + TOWN, mine=BASE + TOWN, new=BASE)
    assert gone.text == BASE
    assert gone.changed == ("feature 'town' is gone: adopt no longer takes it",)
    kept = merge(base=BASE + TOWN, mine=BASE + TOWN.replace('"Rome"', '"Roma"'), new=BASE)
    assert "Roma" in kept.text
    assert kept.kept == ("feature 'town' stays, as you edited it; adopt would leave it out",)


def test_a_feature_that_was_taken_out_stays_out() -> None:
    merged = merge(base=BASE + TOWN, mine=BASE, new=BASE + TOWN)
    assert merged.text == BASE
    assert merged.kept == ("feature 'town' stays out, as you removed it; adopt would write it",)


def test_a_table_that_was_added_stays() -> None:
    mine = BASE + '\n[gate]\nconfidence = 0.9\n\n[drift]\nretrain = "never"\n' + TOWN
    merged = merge(base=BASE, mine=mine, new=NEW)
    read = tomllib.loads(merged.text)
    assert read["gate"] == {"confidence": 0.9}
    assert read["drift"] == {"retrain": "never"}
    assert [each["name"] for each in read["features"]] == ["age", "plan", "town"]
    assert read["features"][0]["high"] == 200


def test_a_table_that_both_have_added_is_the_persons() -> None:
    merged = merge(base=BASE, mine=BASE + "\n[gate]\nsegments = []\n", new=BASE + '\n[gate]\nsegments = ["plan"]\n')
    assert tomllib.loads(merged.text)["gate"] == {"segments": []}
    assert merged.kept == ("[gate] is yours; adopt would write its own",)


def test_a_column_of_another_kind_is_written_anew_and_keeps_its_description() -> None:
    mine = BASE.replace("high = 150", 'high = 120\ndescription = "In years."')
    ages = 'kind = "categorical"\ncategories = ["old", "young"]\n'
    merged = merge(base=BASE, mine=mine, new=BASE.replace('kind = "numeric"\nlow = 0\nhigh = 150\n', ages))
    (age, _) = tomllib.loads(merged.text)["features"]
    assert age == {
        "name": "age",
        "kind": "categorical",
        "categories": ["old", "young"],
        "description": "In years.",
    }
    assert "feature 'age' high: 120 -> nothing" in merged.changed


def test_another_target_is_written_anew_and_is_no_feature_even_if_that_was_edited() -> None:
    mine = BASE.replace("high = 150", "high = 120").replace('positive = "yes"', 'positive = "no"')
    other = '[target]\nname = "age"\ntask = "regression"\n\n'
    merged = merge(base=BASE, mine=mine, new=other + BASE[BASE.index("[[features]]\n# Texts") :])
    values = tomllib.loads(merged.text)
    assert values["target"] == {"name": "age", "task": "regression"}
    assert [each["name"] for each in values["features"]] == ["plan"]
    assert "feature 'age' is gone: it is what is predicted now" in merged.changed


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\r\n"])
def test_only_a_line_end_of_toml_ends_a_line(mark: str) -> None:
    base = BASE.replace("\n", "\r\n") if mark == "\r\n" else BASE.replace("basic", f"ba{mark}sic")
    new = base.replace("high = 150", "high = 200")
    merged = merge(base=base, mine=base.replace("low = 0", "low = 1"), new=new)
    assert tomllib.loads(merged.text) == tomllib.loads(new.replace("low = 0", "low = 1"))


def test_a_key_that_adopt_no_longer_writes_goes() -> None:
    old = BASE.replace("high = 150", "high = 150\nnullable = true")
    merged = merge(base=old, mine=old.replace("low = 0", "low = 10"), new=BASE)
    assert "nullable" not in merged.text
    assert "low = 10" in merged.text
    assert merged.changed == ("feature 'age' nullable: True -> nothing",)


def test_a_list_over_several_lines_is_no_table() -> None:
    text = 'x = [\n[1, 2],\n[3],\n]\n[a]\ny = """\n[b]\n"""\n[[features]]\nname = "n"\n'
    assert list(split_blocks(text)) == ["head", "[a]", "feature 'n'"]


def test_a_name_that_is_there_twice_is_not_lost() -> None:
    text = '[[features]]\nname = "n"\n[[features]]\nname = "n"\nlow = 1\n'
    assert len(tomllib.loads(merge(base="", mine=text, new="").text)["features"]) == 2


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid"):
        merge(base="a = ", mine=BASE, new=NEW)


def test_merging_again_changes_nothing() -> None:
    mine = BASE.replace("high = 150", "high = 120")
    once = merge(base=BASE, mine=mine, new=NEW)
    again = merge(base=NEW, mine=once.text, new=NEW)
    assert again.text == once.text
    assert again.changed == again.kept == ()
