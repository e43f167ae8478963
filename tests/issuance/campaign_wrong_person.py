"""The wrong-person campaign: 10^5 papers by 300 kiosks through a hostile network, and not one in the wrong hands.

    python -m tests.issuance.campaign_wrong_person [PAPERS] [SEED]

One process, virtual time (lobby.py). Every hundredth paper is drawn by the real renderer; all others carry the same
text (quick_paper.py). The same seed is the same run.
"""

from __future__ import annotations

import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.issuance.hostile import Odds
from tests.issuance.lobby import Lobby, run

KIOSKS = 300


def main() -> int:
    papers = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % (1 << 32)
    logging.disable(logging.CRITICAL)  # what a hostile network provokes is counted, not told
    begin = time.perf_counter()
    sys.stdout.write(f"seed {seed}: {papers} papers at {KIOSKS} kiosks\n")
    sys.stdout.flush()

    def tell(lobby: Lobby) -> None:
        if lobby.inspector.papers % 1000 == 0:
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            minutes = (time.perf_counter() - begin) / 60
            sys.stdout.write(f"{lobby.inspector.papers} papers, {minutes:.1f} min, {rss} MB\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        lobby = run(
            Path(folder) / "server",
            seed=seed,
            kiosks=KIOSKS,
            papers=papers,
            odds=Odds(),
            drawn_every=100,
            change=lambda lobby: setattr(lobby, "tell", tell),
        )
    sys.stdout.write(
        f"0 wrong of {lobby.inspector.papers} papers ({lobby.inspector.pages} pages, "
        f"{lobby.draughtsman.drawn} drawn) in {lobby.loop.now_s / 3600:.1f} hours of {KIOSKS} kiosks; "
        + ", ".join(f"{name} {count}" for name, count in sorted(lobby.network.seen.items()))
        + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
