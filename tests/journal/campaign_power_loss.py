"""Every image that a power cut may leave, opened. Part of `make campaign`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.journal.power import images
from tests.journal.power_story import batches
from tests.journal.test_power_loss import logged, opens_well, shim

DAYS = 3


def main() -> int:
    os.environ["POWER_DAYS"] = str(DAYS)
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        log = logged(place, shim(place))
    history = batches()
    opened = 0
    for acknowledged, image in images(log):
        opens_well(image, acknowledged, history)
        opened += 1
    print(f"power loss: {len(log)} operations on the disk, {opened:,} images, each opened twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
