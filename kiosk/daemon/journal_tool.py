"""kiosk-journal: back a journal up, restore it, and end a machine's service with a protocol.

kiosk-journal backup FILE          beside the living core; the copy is verified by chain and seals
kiosk-journal restore FILE         with the core stopped; a whole journal is never replaced by a shorter one
kiosk-journal decommission …       the last backup, then keys and records are destroyed; a slip says what was done
"""

from __future__ import annotations

import argparse
import hashlib
import queue
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drivers import registry
from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.enrolment.folder import destroy
from kiosk.errors import ConfigError, JournalError, MadoguchiError
from kiosk.ids import OpId
from kiosk.journal import backup
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.reading import Verified, Verify
from kiosk.messages import Message, open_log, say
from kiosk.ports import Event, Outcome, PrintSlip, Slip, SlipLine, SlipPrinted

DONE, REFUSED = 0, 2
PRINT_WAIT_S = 60.0


@dataclass(frozen=True)
class Protocol:
    """What was done to this machine, for the town's file."""

    kiosk: str
    town: str
    at: str
    reason: str
    records: int
    head: str
    backup: str
    backup_sha256: str
    destroyed: tuple[str, ...]
    trim: str

    def lines(self) -> list[str]:
        """At most 42 columns of a receipt's width; nothing personal."""
        return [
            "機器 撤去の記録 / Decommissioning",
            "",
            f"自治体 {self.town}",
            f"機器 / kiosk  {self.kiosk}",
            f"日時 / at  {self.at}",
            f"理由 / why  {self.reason}",
            "",
            f"取引記録 / journal  {self.records} records",
            *_broken("末尾 / head ", self.head),
            f"写し / backup  {self.backup}",
            *_broken("SHA-256 ", self.backup_sha256),
            "",
            f"消した物 / destroyed  {len(self.destroyed)} files",
            *(f"  {each}" for each in self.destroyed),
            f"消し方 / how  overwrite, remove, trim ({self.trim})",
            "SSD は中に写しが残ることがあります。",
            "Flash may keep old cells: destroy the disk",
            "where the town's rule asks for it.",
            "",
            "サーバーでも登録を取り消すこと",
            f"issuance-server revoke --kiosk {self.kiosk}",
            "",
            "立会 / seen by  ______________________",
            "",
            "実施 / done by  ______________________",
        ]


def _broken(label: str, digits: str) -> list[str]:
    return [label, *(f"  {digits[at : at + 32]}" for at in range(0, len(digits), 32))]


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 2 refused (why on stderr): then nothing was changed."""
    options = _parser().parse_args(argv)
    open_log("kiosk-journal", is_act=True)
    try:
        config = load(options.config)
        return {"backup": _backup, "restore": _restore, "decommission": _decommission}[options.verb](
            config, options
        )
    except (MadoguchiError, OSError) as error:
        why = str(error) if isinstance(error, MadoguchiError) else f"errno {error.errno}"
        print(f"kiosk-journal: {why}", file=sys.stderr)
        return REFUSED


def _verify(config: Config) -> Verify | None:
    keys = [config.issuance.certificate, *config.issuance.earlier_certificates]
    there = [each for each in keys if each.is_file()]
    return FileVerifier(*there) if there else None


def _told(what: str, found: Verified) -> None:
    print(f"{what}: {found.head.seq} records, {found.seals} seals, head {found.head.hash.hex()}")


def _backup(config: Config, options: argparse.Namespace) -> int:
    found = backup.back_up(config.paths.journal, options.file, _verify(config))
    say(Message.BACKUP_MADE, records=found.head.seq, head=found.head.hash.hex())
    _told("backed up and verified", found)
    return DONE


def _restore(config: Config, options: argparse.Namespace) -> int:
    found = backup.restore(options.file, config.paths.journal, _verify(config))
    say(Message.JOURNAL_RESTORED, records=found.head.seq, head=found.head.hash.hex())
    _told("restored", found)
    print("現金を数えてから始めてください / a cash officer counts before the first resident (kiosk-cash)")
    return DONE


def _decommission(config: Config, options: argparse.Namespace) -> int:
    """Refused while money of anybody is inside, or a visit or an incident is open: those belong to people."""
    if options.kiosk != config.machine.kiosk:
        raise ConfigError(f"decommission: this machine is {config.machine.kiosk}, not {options.kiosk}")
    journal = config.paths.journal
    with backup._alone(journal):  # nobody writes any more
        found = backup.back_up(journal, options.backup, _verify(config))
        try:
            _must_be_empty(found)
        except JournalError:
            options.backup.unlink()
            raise
        digest = hashlib.sha256(options.backup.read_bytes()).hexdigest()
        destroyed = tuple(_destroyed(config))
        trim = _trim(config.paths.state) if not options.no_trim else "not asked"
    protocol = Protocol(
        kiosk=config.machine.kiosk,
        town=config.town.name["ja"],
        at=f"{SystemClock().wall():%Y-%m-%d %H:%M}Z",
        reason=options.reason,
        records=found.head.seq,
        head=found.head.hash.hex(),
        backup=options.backup.name,
        backup_sha256=digest,
        destroyed=destroyed,
        trim=trim,
    )
    options.slip.write_text("\n".join(protocol.lines()) + "\n", encoding="utf-8")
    print("\n".join(protocol.lines()))
    say(Message.DECOMMISSIONED, files=len(destroyed))
    if options.print:
        print(f"slip: {_print(config, protocol)}")
    return DONE


def _must_be_empty(found: Verified) -> None:
    ledger = found.ledger
    for what, is_there in (
        ("money in its units", ledger.in_units.value != 0),
        ("an open transaction", bool(ledger.open_transactions)),
        ("an open incident", bool(ledger.incidents)),
        ("a slip that is not redeemed", bool(ledger.slips)),
        ("an open exchange of cash", ledger.exchange is not None),
    ):
        if is_there:
            raise JournalError(f"decommission: there is {what}; a cash officer ends that first (kiosk-cash)")


def _destroyed(config: Config) -> Iterator[str]:
    """Keys first: without them nothing that is left speaks for this machine."""
    state, etc = config.paths.state, Path("/etc/madoguchi")
    enrolment = config.issuance.key.parent
    keys = sorted(each for each in enrolment.rglob("*") if each.is_file() and not each.is_symlink())
    journal = [
        Path(f"{config.paths.journal}{suffix}") for suffix in ("", "-wal", "-shm", ".before", ".before-wal")
    ]
    others = sorted(etc.glob("syslog.key")) if state == Path("/var/lib/madoguchi") else []
    for path in (*keys, *others, *journal):
        if path.is_file():
            name = path.name if path.parent == state else f"{path.parent.name}/{path.name}"
            destroy(path)
            yield name
    for link in enrolment.rglob("*"):
        if link.is_symlink():
            link.unlink()


def _trim(folder: Path) -> str:
    """Ask the disk to forget what is free; not every disk can."""
    with suppress(OSError, subprocess.TimeoutExpired):
        where = _run("/usr/bin/findmnt", "--noheadings", "--output", "TARGET", "--target", str(folder)).stdout
        return "done" if _run("/usr/sbin/fstrim", where.strip() or "/").returncode == 0 else "the disk cannot"
    return "not possible here"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603  # own words


def _print(config: Config, protocol: Protocol) -> str:
    """On the receipt printer; UNKNOWN or refused is said, the file stays."""
    wanted = config.equipment.receipt_printer
    device = next((each for each in config.devices if each.id == wanted), None)
    if device is None:
        return "no receipt printer"
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    driver = registry.driver(device.driver)(device.id, device.options, heard.put)
    driver.start()
    try:
        op = OpId("decommission")
        slip = Slip("decommission", tuple(SlipLine(text=line) for line in protocol.lines()))
        driver.perform(PrintSlip(op, device.id, slip))
        while True:
            event = heard.get(timeout=PRINT_WAIT_S)
            if isinstance(event, SlipPrinted):
                return (
                    "printed" if event.outcome is Outcome.CONFIRMED else f"{event.outcome.value} {event.code}"
                )
    except queue.Empty:
        return "no answer of the printer"
    finally:
        driver.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-journal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", action="append", required=True, metavar="FILE", help="machine, then town")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, words in (
        ("backup", "copy and verify, beside the core"),
        ("restore", "put a backup in its place"),
    ):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("file", type=Path)
    end = verbs.add_parser("decommission", help="last backup, then destroy keys and records; writes a slip")
    end.add_argument("--kiosk", required=True, help="this machine's name, typed again")
    end.add_argument("--reason", required=True)
    end.add_argument("--backup", type=Path, required=True, help="where the last copy of the journal goes")
    end.add_argument("--slip", type=Path, required=True, help="where the protocol goes, as text")
    end.add_argument("--print", action="store_true", help="and on the receipt printer")
    end.add_argument("--no-trim", action="store_true", help="do not ask the disk to forget what is free")
    return parser


if __name__ == "__main__":
    sys.exit(main())
