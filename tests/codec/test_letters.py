"""縮退 as data: our own table, and one made of files in the published form."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import ConfigError
from kiosk.letters import OFFICIAL, OURS, main, make, read_letters
from kiosk.same_name import is_same_name

# As the published files are made: MJ names, JIS with UCS, one list for each rule. The letters are a few of each kind.
SHRINK = {
    "meta": {"version": "1.2.0"},
    "content": [
        {
            "MJ文字図形名": "MJ000001",
            "JIS包摂規準・UCS統合規則": [{"JIS X 0213": "1-25-66", "UCS": "U+9AD8"}],
        },
        {
            "MJ文字図形名": "MJ000002",
            "法務省戸籍法関連通達・通知": [
                {"JIS X 0213": "1-26-38", "UCS": "U+6589", "種別": "民二5202号通知別表", "ホップ数": 1}
            ],
            "法務省告示582号別表第四": [{"JIS X 0213": "1-26-56", "UCS": "U+658E", "表": "一", "順位": "1"}],
        },
        {"MJ文字図形名": "MJ000003", "読み・字形による類推": [{"JIS X 0213": "1-22-37", "UCS": "U+4E0A"}]},
        {"MJ文字図形名": "MJ000004"},
        {
            "MJ文字図形名": "MJ999999",
            "JIS包摂規準・UCS統合規則": [{"JIS X 0213": "1-25-66", "UCS": "U+9AD8"}],
        },
        {
            "MJ文字図形名": "MJ000005",
            "JIS包摂規準・UCS統合規則": [{"JIS X 0213": "1-25-66", "UCS": "U+9AD8"}],
        },
    ],
}
LIST = [
    {"MJ文字図形名": "MJ000001", "対応するUCS": "U+9AD9"},  # 髙
    {"MJ文字図形名": "MJ000002", "対応するUCS": "U+9F4B"},  # 齋: two targets
    {"MJ文字図形名": "MJ000003", "対応するUCS": "U+4E04"},  # by likeness alone
    {"MJ文字図形名": "MJ000004", "対応するUCS": "U+4E05"},  # no target
    {"MJ文字図形名": "MJ000005", "対応するUCS": ""},  # in no encoding
]


def test_our_own_table_says_what_it_is() -> None:
    table = read_letters()
    assert table.version and table.licence == "Apache-2.0"
    assert 20 < len(table.letters) < 200, "a few letters, and no claim to more"
    assert all(len(letter) == 1 and letter not in targets for letter, targets in table.letters.items())


def test_a_table_from_the_published_files() -> None:
    table = make(SHRINK, iter(LIST), OFFICIAL)
    assert table.letters == {"髙": "高", "齋": "斉斎"}
    assert (table.version, table.licence) == ("1.2.0", "CC BY-SA 2.1 JP")
    assert make(SHRINK, iter(LIST), (*OFFICIAL, "読み・字形による類推")).letters["丄"] == "上"


@pytest.mark.parametrize(
    "bad", [{}, {"content": 1}, {"content": [{}], "meta": {}}, {"content": [], "meta": []}]
)
def test_another_form_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        make(bad, iter(LIST), OFFICIAL)


def test_several_targets_meet_where_one_of_them_is_the_same() -> None:
    forms = make(SHRINK, iter(LIST), OFFICIAL).forms()
    assert is_same_name("齋藤　髙子", "斉藤 高子", forms)
    assert is_same_name("斎藤髙子", "齋藤髙子", forms)
    assert not is_same_name("斉藤", "斎藤", forms), "two letters of people who are not the same"
    assert not is_same_name("髙", "高子", forms)


@given(st.text(), st.text())
def test_a_name_is_its_own_and_the_order_does_not_matter(one: str, other: str) -> None:
    forms = read_letters().forms()
    assert is_same_name(one, other, forms) is is_same_name(other, one, forms)
    assert is_same_name(one, one, forms) is bool(one and is_same_name(one, one, {}))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.json").write_text(json.dumps(SHRINK), encoding="utf-8")
    with (tmp_path / "list.csv").open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, list(LIST[0]))
        writer.writeheader()
        writer.writerows(LIST)
    out = tmp_path / "letters.json"
    given_files = ["--map", str(tmp_path / "map.json"), "--list", str(tmp_path / "list.csv")]
    assert main(["make", *given_files, "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("1.2.0: 2 letters.")
    assert read_letters(out).letters == {"髙": "高", "齋": "斉斎"}
    assert main(["show"]) == 0
    assert main(["show", str(tmp_path / "none.json")]) == 1
    out.write_text(OURS.read_text(encoding="utf-8").replace('"髙"', '"髙髙"'), encoding="utf-8")
    assert main(["show", str(out)]) == 1
