"""`kiosk-cash`: what an identified cash officer tells the journal while the core stands still.

`kiosk-cash count --config FILE … --operator ID UNIT=PIECES …`: these units were counted by hand and hold so many pieces
(XFS4IoT: accurateSet). Exchange, collect and the reports of the day are rooms to be furnished beside it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.errors import ConfigError, JournalError
from kiosk.ids import DeviceId
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.records import StockSet
from kiosk.journal.store import boot_id, open_store
from kiosk.money import Cash

_COUNTED = re.compile(r"(?P<unit>[a-z0-9_-]+)=(?P<pieces>[0-9]{1,5})")
_OPERATOR = re.compile(r"[A-Za-z0-9_-]{1,32}")


def counts(config: Config, words: Sequence[str], operator: str) -> list[StockSet]:
    """The records of a count; ConfigError for an unknown unit or a word that is no count."""
    if not _OPERATOR.fullmatch(operator):
        raise ConfigError("operator: letters, digits, - and _ only, at most 32")
    records = []
    for word in words:
        found = _COUNTED.fullmatch(word)
        face = config.equipment.hoppers.get(DeviceId(found["unit"])) if found else None
        if found is None or face is None:
            known = " ".join(sorted(config.equipment.hoppers))
            raise ConfigError(f"{word}: not UNIT=PIECES with a unit of this machine ({known})")
        records.append(StockSet(DeviceId(found["unit"]), Cash({face: int(found["pieces"])}), operator))
    return records


def main(argv: Sequence[str] | None = None) -> int:
    """0 written; 1 refused, and why."""
    parser = argparse.ArgumentParser(
        prog="kiosk-cash", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    count = verbs.add_parser("count", help="units were counted by hand")
    count.add_argument("--config", action="append", required=True)
    count.add_argument("--operator", required=True)
    count.add_argument("counted", nargs="+", metavar="UNIT=PIECES")
    arguments = parser.parse_args(argv)
    try:
        config = load(arguments.config)
        records = counts(config, arguments.counted, arguments.operator)
        keys = (config.issuance.certificate, *config.issuance.earlier_certificates)
        store = open_store(
            config.paths.journal, clock=SystemClock(), boot=boot_id(), verify=FileVerifier(*keys)
        )
    except (ConfigError, JournalError) as error:
        sys.stderr.write(f"kiosk-cash: {error}\n")
        return 1
    try:
        store.append(records)
    finally:
        store.close()
    sys.stdout.write(f"written: {len(records)} counts by {arguments.operator}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
