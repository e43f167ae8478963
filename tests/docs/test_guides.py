"""The guides for people: every command that they name exists with these words, every label stands on some screen."""

from __future__ import annotations

import argparse
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.card_service import tool as card_tool
from drivers.simpanel import cli as sim
from drivers.simpanel import journey
from issuance import main as issuance
from kiosk import cash_words, check, stationery_cli, stats_cli
from kiosk.bundles import main as bundles
from kiosk.daemon import journal_tool
from kiosk.enrolment import main as enrolment
from kiosk.relay import main as relay
from provisioning.machine import main as install
from provisioning.machine import provision
from provisioning.machine.steps.kiosk import TOOLS

ROOT = Path(__file__).parents[2]
GUIDES = (
    *(
        "README.md",
        "README.ja.md",
        "docs/technician.md",
        "docs/technician.ja.md",
        "docs/operator.md",
        "docs/cash-officer.md",
        "docs/security.md",
    ),
    *(
        "docs/adoption.md",
        "docs/hardware.md",
        "docs/network.md",
        "docs/paper-register.md",
        "docs/statistics.md",
    ),
    *("docs/usability-day.md", "docs/voice.md"),
)
PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "provisioning/install": install._parser,
    "provisioning/kiosk-provision": provision._parser,
    "kiosk-bundle": bundles._parser,
    "kiosk-card": card_tool._parser,
    "kiosk-cash": cash_words.parser,
    "kiosk-check": check._parser,
    "kiosk-enrol": enrolment._parser,
    "kiosk-journal": journal_tool._parser,
    "kiosk-journey": journey._parser,
    "kiosk-paper": stationery_cli._parser,
    "kiosk-relay": relay._parser,
    "kiosk-sim": sim._parser,
    "kiosk-stats": stats_cli._parser,
    "issuance-server": issuance._parser,
}
NO_LABELS = {"試した", "！", "Mei", "訓練のものは何も残っていない", "3以上"}
"""Between the same brackets, and nothing that a screen says."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> Iterator[str]:
    """What stands after a prompt, and in backticks with at least one word after the program."""
    yield from re.findall(r"^(?:[a-z0-9]*)\$ (.+?)(?: +# .*)?$", text, re.MULTILINE)
    for span in re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        if re.match(r"(kiosk-[a-z]+|issuance-server|provisioning/[a-z-]+|make) \S", span):
            yield " ".join(span.split())


def known(parser: argparse.ArgumentParser) -> tuple[set[str], set[str]]:
    """Every verb and every option, at any depth."""
    verbs: set[str] = set()
    options: set[str] = set()
    for action in parser._actions:
        options.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            for name, each in action.choices.items():
                below = known(each)
                verbs |= {name, *below[0]}
                options |= below[1]
        elif action.choices is not None and not action.option_strings:
            verbs.update(map(str, action.choices))
    return verbs, options


COMMANDS = sorted({(guide, each) for guide in GUIDES for each in commands(read(guide))})


@pytest.mark.parametrize(("guide", "command"), COMMANDS)
def test_a_command_of_the_guides_is_one(guide: str, command: str) -> None:
    name, *words = shlex.split(command)
    if name == "make":
        assert re.search(rf"^{words[0]}:", read("Makefile"), re.MULTILINE)
        options = [word for word in words[1:] if word.startswith("ARGS=--")]
        script = read(f"provisioning/{words[0]}.sh") if options else ""
        assert all(word.removeprefix("ARGS=") + ")" in script for word in options)
    elif name in PARSERS:
        verbs, known_options = known(PARSERS[name]())
        named = [word.partition("=")[0].strip("[]") for word in words]
        assert {word for word in named if word.startswith("--")} <= known_options
        plain = [
            word
            for at, word in enumerate(named)
            if re.fullmatch(r"[a-z][a-z-]+", word) and _is_free(named, at)
        ]
        assert not verbs or not plain or plain[0] in verbs
    else:
        assert name in {"systemctl", "journalctl", "chroot"} or name in SCRIPTS, f"{guide}: {name}"


def _is_free(words: list[str], at: int) -> bool:
    """Not an option's value."""
    return at == 0 or not words[at - 1].startswith("--")


_SCRIPTS = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["metadata"]["hooks"]["custom"]
SCRIPTS = {*_SCRIPTS["scripts"], *_SCRIPTS["workshop-scripts"]}


def test_what_is_typed_at_a_machine_is_found_there_by_its_name() -> None:
    """`provisioning/install` links it; the appliance's environment is on nobody's PATH."""
    assert set(TOOLS) <= set(_SCRIPTS["scripts"])
    for page in ("docs/technician.md", "docs/cash-officer.md", "docs/operator.md", "docs/paper-register.md"):
        typed = {shlex.split(each)[0] for each in commands(read(page))} & set(_SCRIPTS["scripts"])
        assert typed <= set(TOOLS), page


def bare(text: str) -> str:
    return re.sub(r"[\s|\\]|\"\n\"", "", text.replace('"\n"', ""))


@pytest.fixture(scope="module")
def shown() -> str:
    """All texts of screens, desk, panel and staff page, without their places for a line's end."""
    places = (
        "i18n/catalogues/ja.po",
        "kiosk/**/*.py",
        "screens/**/*.py",
        "issuance/**/*.py",
        "issuance/**/*.html",
        "issuance/**/*.js",
    )
    files = [path for place in places for path in sorted(ROOT.glob(place))]
    assert len(files) > 200
    return "\n".join(
        bare(path.read_text(encoding="utf-8")) for path in [*files, *ROOT.glob("drivers/simpanel/*.py")]
    )


LABELS = sorted(
    {
        (guide, bare(each))
        for guide in GUIDES
        if "README" not in guide
        for each in re.findall(r"「([^」]+)」", read(guide))
    }
)


@pytest.mark.parametrize(("guide", "label"), LABELS)
def test_a_label_of_the_guides_stands_on_some_screen(shown: str, guide: str, label: str) -> None:
    assert label in NO_LABELS or label in shown, guide


def test_the_technicians_pages_are_called_so_on_the_screen() -> None:
    pairs = re.findall(r"^- \*\*(.+?) / (.+?)\*\*", read("docs/technician.md"), re.MULTILINE)
    assert len(pairs) >= 5
    ja, en = bare(read("i18n/catalogues/ja.po")), read("i18n/catalogues/en.po")
    for japanese, english in pairs:
        assert f"msgstr{japanese}" in ja.replace('"', ""), japanese
        assert f'msgstr "{english}' in en, english


@pytest.mark.parametrize("page", ["security", "hardware"])
def test_a_page_in_japanese_has_every_row_of_the_other(page: str) -> None:
    english, japanese = (
        [rows for part in read(f"docs/{page}{end}").split("\n#") if (rows := part.count("\n| "))]
        for end in (".md", ".ja.md")
    )
    assert len(english) == 3
    assert english == japanese


def test_the_technicians_page_in_japanese_has_the_same_commands_and_sections() -> None:
    both, japanese = read("docs/technician.md"), read("docs/technician.ja.md")
    for pattern in (r"^\$ .+$", r"^##+ (?:[0-9]\.)?"):
        assert re.findall(pattern, japanese, re.MULTILINE) == re.findall(pattern, both, re.MULTILINE)
