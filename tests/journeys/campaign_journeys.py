"""The journeys that CI has no time for, each on a kiosk of its own: `python -m tests.journeys.campaign_journeys`."""

from __future__ import annotations

import sys
from pathlib import Path

from drivers.simpanel import journey, report, script

OUT = Path("build/journeys")


def main() -> int:
    """0: each went as it should."""
    results = [
        journey.run(name, (OUT / name).resolve()) for name in script.names() if not script.load(name).in_ci
    ]
    for result in results:
        print(report.table(result))
    return 0 if all(each.is_good for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
