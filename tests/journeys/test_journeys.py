"""A resident's visits on the real screens, the bad days among them. Each has a kiosk of its own here; others follow
one another on one (test_in_a_row.py). Those that say `in_ci = false` are walked by campaign_journeys.py."""

from pathlib import Path

import pytest

from drivers.simpanel import journey, report, script
from tests.journeys.rows import ROWS

pytestmark = pytest.mark.system

WITH_A_SEARCH = frozenset({"juminhyo_face", "wrong_pin"})
"""Walked by tests/privacy/test_whole_run.py, which then looks for what must not be left."""
ELSEWHERE = WITH_A_SEARCH.union(*ROWS)


@pytest.mark.parametrize(
    "name", [each for each in script.names() if script.load(each).in_ci and each not in ELSEWHERE]
)
def test_journey(name: str, tmp_path: Path) -> None:
    result = journey.run(name, tmp_path / name)
    assert result.is_good, report.table(result)
    pictures = [each.picture for each in result.seen if each.step.kind == "see"]
    assert all((tmp_path / name / picture).stat().st_size > 0 for picture in pictures)
