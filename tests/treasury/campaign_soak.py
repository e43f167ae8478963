"""10^5 random visits with faults, deaths and day closes; every day compared with the truth. Part of `make campaign`."""

from __future__ import annotations

import secrets
import sys

from tests.treasury.soak import DAY, Soak

VISITS = 100_000
EVERY = 50
"""Days between two words on how far it is."""


def main() -> int:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbits(32)
    soak = Soak(seed)
    try:
        while soak.tally.visits < VISITS:
            soak.day()
            if soak.tally.days % EVERY == 0:
                print(f"  {soak.tally.visits:,} visits, {soak.tally.deaths:,} deaths", flush=True)
        soak.end()
    except BaseException:
        print(f"soak: seed {seed}, day {soak.tally.days + 1}")
        raise
    tally = soak.tally
    print(
        f"soak: seed {seed}, {tally.visits:,} visits, {tally.days} days of {DAY}, {tally.records:,} records,"
        f" {tally.deaths:,} deaths; ¥{sum(tally.receipts.values()):,} booked; all ledgers balance to ¥0"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
