"""Configuration and first counts of a kiosk of till.py: the demo machine's own files, with the paths of its folder."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import core as bench
from drivers.simpanel.demo_config import files
from kiosk.clock import SystemClock
from kiosk.ids import DeviceId
from kiosk.journal.records import StockSet
from kiosk.journal.store import open_store
from kiosk.money import Cash, Denomination
from tests.crash.beyond import DRIVER

COINS, NOTES = 400, 40
"""In each hopper, and in the box, at first."""
OFFICER, ACCOUNT = "officer1", "games"
"""Who may exchange, under an account that every Debian has."""
ENROLLED = "/run/sim/state/core/enrolment"


def made(place: Path) -> list[str]:
    """Keys, files and a journal with the first counts; the arguments that name the files."""
    bench.keys(place)
    found = files()
    town = found["municipality.toml"].replace("[town]\n", "[town]\ncash_max = 1000000000\n", 1)
    town = re.sub(
        r"^languages = .*$", 'languages = ["ja", "en"]', town, flags=re.MULTILINE
    )  # each is read at birth
    (place / "machine.toml").write_text(_machine(found["machine.toml"], place), encoding="utf-8")
    (place / "town.toml").write_text(town, encoding="utf-8")
    store = open_store(place / "journal.db", clock=SystemClock(), boot="till")
    coins = [
        StockSet(DeviceId(f"hopper{face}"), Cash({Denomination(f"coin{face}"): COINS}), OFFICER)
        for face in (10, 50, 100, 500)
    ]
    notes = StockSet(DeviceId("recycler1000"), Cash({Denomination.NOTE1000: NOTES}), OFFICER)
    store.append([*coins, notes])
    store.close()
    return [word for name in ("machine", "town") for word in ("--config", str(place / f"{name}.toml"))]


def _machine(text: str, place: Path) -> str:
    text = text.replace(f'authorities = ["{ENROLLED}/staff-ca.pem"]', "")
    for name in ("cctalk", "id003"):
        text = text.replace(f"/run/bench/{name}/tty", str(place / name / "tty"))
    for old, new in (
        (f"{ENROLLED}/server-ca.pem", "device.pem"),
        (f"{ENROLLED}/device.pem", "device.pem"),
        (f"{ENROLLED}/device.key", "device.key"),
        (f"{ENROLLED}/manifest-key.pem", "manifest.pem"),
        ("/run/sim/state/core", ""),
    ):
        text = text.replace(old, str(place / new))
    for name in ("card_service", "ipp", "escpos"):
        head, _, tail = text.partition(f'driver = "{name}"\n')
        _options, _, rest = tail.partition("\n")
        text = f'{head}driver = "{DRIVER}"\noptions = {{ socket = "{place}/beyond.sock" }}\n{rest}'
    text = text.replace('reader = "reader1"\n', "", 1)
    text = text.replace('[[device]]\nid = "reader1"\ndriver = "read"', "#", 1)
    text = text.replace('id = "demo-officer"', f'id = "{OFFICER}"')
    text = text.replace('user = ""', f'user = "{ACCOUNT}"', 1)
    text += f'\n[sockets]\nview = "{place}/view.sock"\nstaff = "{place}/staff.sock"\n'
    return text + '\n[roles]\nresident = "root"\n'
