"""The wrong-person campaign with real processes: workers killed, PostgreSQL crashed, TLS and all.

python -m tests.issuance.campaign_processes [PAPERS] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from issuance.clock import SystemClock
from tests.issuance.conftest import NAMES
from tests.issuance.people import Authority, Card, make_folder
from tests.issuance.postgres import Cluster
from tests.issuance.processes import campaign
from tests.issuance.test_wrong_person import FOUND_AT_THE_DOOR

KIOSKS = 8


def main() -> int:
    papers = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % (1 << 32)
    authority, cluster = Authority(), Cluster()
    names = [name for name in NAMES if name not in FOUND_AT_THE_DOOR]
    cards = {name: Card(authority, serial=0x1001 + at) for at, name in enumerate(names)}
    try:
        with tempfile.TemporaryDirectory() as temporary:
            path = make_folder(Path(temporary) / "server", authority, cards, SystemClock(), cluster.make())
            count = campaign(path, cards, cluster, kiosks=KIOSKS, papers=papers, seed=seed)
    finally:
        cluster.stop()
    sys.stdout.write(
        f"seed {seed}: {len(count.wrong)} wrong of {count.papers} papers; {count.failures} visits failed, "
        f"{count.kills} workers killed, {count.crashes} crashes of the database\n"
    )
    return 1 if count.wrong or count.papers < papers else 0


if __name__ == "__main__":
    sys.exit(main())
