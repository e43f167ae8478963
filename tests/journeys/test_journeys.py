"""A resident's visits on the real screens, the bad days among them. Each has a kiosk of its own. Those that say
`in_ci = false` are walked by campaign_journeys.py."""

from pathlib import Path

import pytest

from drivers.simpanel import journey, report, script

pytestmark = pytest.mark.system


@pytest.mark.parametrize("name", [each for each in script.names() if script.load(each).in_ci])
def test_journey(name: str, tmp_path: Path) -> None:
    result = journey.run(name, tmp_path / name)
    assert result.is_good, report.table(result)
    pictures = [each.picture for each in result.seen if each.step.kind == "see"]
    assert all((tmp_path / name / picture).stat().st_size > 0 for picture in pictures)
