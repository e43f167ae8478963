"""Every command on the technician's page is one that its own program understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.card_service import tool as card_tool
from issuance import main as issuance
from kiosk import check
from kiosk.bundles import main as bundles
from kiosk.daemon import journal_tool
from kiosk.enrolment import main as enrolment
from provisioning.machine import main as install
from provisioning.machine import provision
from provisioning.machine.steps import STEPS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/technician.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)
PARSERS: dict[str, Callable[[list[str]], object]] = {
    "provisioning/install": lambda words: install._parser().parse_args(words),
    "provisioning/kiosk-provision": lambda words: provision._parser().parse_args(words),
    "kiosk-card": lambda words: card_tool._parser().parse_args(words),
    "kiosk-enrol": lambda words: enrolment._parser().parse_args(words),
    "kiosk-check": lambda words: check._parser().parse_args(words),
    "kiosk-bundle": lambda words: bundles._parser().parse_args(words),
    "kiosk-journal": lambda words: journal_tool._parser().parse_args(words),
    "issuance-server": lambda words: issuance._parser().parse_args(words),
}
OF_DEBIAN = {"systemctl", "journalctl", "chroot"}


def test_there_are_commands_of_each_program() -> None:
    assert {shlex.split(each)[0] for each in COMMANDS} == set(PARSERS) | OF_DEBIAN


@pytest.mark.parametrize("command", COMMANDS)
def test_its_own_program_understands_it(command: str) -> None:
    name, *words = shlex.split(command)
    if name not in OF_DEBIAN:
        PARSERS[name](words)  # argparse ends the test when it does not


def test_every_step_is_on_the_page() -> None:
    assert [step.name for step in STEPS if step.name not in PAGE] == []
