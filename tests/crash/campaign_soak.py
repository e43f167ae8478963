"""Days and days of a kiosk with coins, notes and a recycler, in one life of the core; each closed to the yen.

python -m tests.crash.campaign_soak [DAYS] [SEED]
"""

from __future__ import annotations

import secrets
import sys
import time

from tests.crash.soak import DAY, Soak

DAYS = 500
EVERY = 50


def main() -> int:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbits(32)
    soak, began = Soak(seed), time.process_time()
    for day in range(1, days + 1):
        try:
            soak.day()
        except BaseException:
            print(f"soak: seed {seed}, day {day}, visit {soak.tally.visits} of {DAY} a day")
            raise
        if not day % EVERY:
            print(f"  {soak.tally}", flush=True)
    print(f"soak: seed {seed}, {soak.tally}, {len(soak.room.records)} records; ¥0 lost, ¥0 gained")
    print(f"{time.process_time() - began:.0f} s of processor")
    return 0


if __name__ == "__main__":
    sys.exit(main())
