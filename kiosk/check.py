"""kiosk-check: what is in force on this machine, and whether its journal is whole and balances."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kiosk import inventory, selftest
from kiosk.clock import SystemClock
from kiosk.config import Config, load
from kiosk.errors import ConfigError, JournalError
from kiosk.journal.accounts import Totals
from kiosk.journal.checkpoint import FileVerifier
from kiosk.journal.ledger import Ledger, imbalances
from kiosk.journal.reading import Verified, open_for_reading, verify_chain, verify_store
from kiosk.journal.store import boot_id
from kiosk.messages import Message, open_log, say
from kiosk.production import findings, server_findings
from kiosk.version import VERSION

GOOD = 0
BAD_CONFIG = 1
USAGE = 2
BAD_JOURNAL = 3
"""Cannot be read, or does not verify."""
NO_BALANCE = 4
BUSY = 5
"""A visit with money, or staff at the cash, is under way: no restart now."""
REFUSED = 6
"""A machine in use has a way in for test cards, or its server is not one in use."""
FOUND = 7
"""The self test found something bad."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 good, 1 configuration refused, 2 usage, 3 journal false, 4 no balance, 5 busy, 6 refused, 7 found."""
    options = _parser().parse_args(argv)
    if options.is_idle and options.journal is None:
        options.journal = ""
    if not options.journal and not options.config:
        print("kiosk-check: name a --config FILE or a --journal FILE", file=sys.stderr)
        return USAGE
    if options.self_test and not options.config:
        print("kiosk-check: --self-test needs --config FILE", file=sys.stderr)
        return USAGE
    report: dict[str, Any] = {}
    code = GOOD
    try:
        config = load(options.config) if options.config else None
        if config is not None:
            report["settings"] = [asdict(each) for each in config.effective()]
            asked = server_findings(config) if options.server else ()
            report["refused"] = [*findings(config, options.root), *asked]
            code = REFUSED if report["refused"] else GOOD
            if options.self_test:
                report["self_test"] = _self_test(config, options)
                is_bad = any(each["state"] == "bad" for each in report["self_test"]["checks"])
                code = FOUND if is_bad and code == GOOD else code
        if options.journal is not None:
            report["journal"] = _journal(options, config)
            code = NO_BALANCE if report["journal"]["imbalances"] else code
            if options.is_idle and (
                report["journal"]["open_transactions"] or report["journal"]["open_exchange"]
            ):
                code = BUSY
    except ConfigError as error:
        report["error"], code = str(error), BAD_CONFIG
    except JournalError as error:
        report["error"], code = str(error), BAD_JOURNAL
    if options.out is not None:
        _write_out(report, options.out)
    if options.quiet:
        return code
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(report)
    return code


def _self_test(config: Config, options: argparse.Namespace) -> dict[str, Any]:
    """The checks and what the machine is made of; also said to the system's journal, one line per finding."""
    found = selftest.run(config, SystemClock(), options.root)
    machine = inventory.take(options.root)
    known = inventory.digest(machine)
    open_log("kiosk-check")
    for each in found:
        if each.state in (selftest.State.BAD, selftest.State.SOON):
            say(Message.SELF_TEST_FOUND, check=each.check, why=each.detail)
    if not any(each.state is selftest.State.BAD for each in found):
        say(Message.SELF_TEST_PASSED, checks=len(found), inventory=known)
    changed = False
    if options.inventory is not None:
        changed = inventory.keep(machine, options.inventory, SystemClock().wall())
    return {
        "format": "madoguchi/self-test/1",
        "at": f"{SystemClock().wall():%Y-%m-%dT%H:%M:%SZ}",
        "boot": boot_id(),
        "kiosk": config.machine.kiosk,
        "mode": config.machine.mode.value,
        "version": VERSION,
        "checks": selftest.as_plain(found),
        "inventory": machine,
        "inventory_digest": known,
        "inventory_changed": changed,
    }


def _write_out(report: dict[str, Any], path: Path) -> None:
    """For the maintenance screen: whole, or the one before."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(json.dumps(report, ensure_ascii=False, indent=2), encoding="utf-8")
    partial.chmod(0o644)
    partial.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-check",
        description="Every value of the configuration and where it came from; the journal, verified.",
        epilog="Exit: 0 good, 1 configuration refused, 2 usage, 3 journal false, 4 journal does not balance, 5 busy, "
        "6 not fit for residents (production only), 7 the self test found something bad.",
    )
    parser.add_argument(
        "--config", action="append", default=[], metavar="FILE", help="may be repeated; the order counts"
    )
    parser.add_argument(
        "--journal",
        nargs="?",
        const="",
        metavar="FILE",
        help="verify every record, seal and balance of this journal, or of the configured one",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="FILE",
        help="public key or certificate (PEM) that may have sealed it; default: the configured ones",
    )
    parser.add_argument(
        "--is-idle",
        action="store_true",
        help="also: 5 when a transaction or an exchange is open, so that nothing is restarted now",
    )
    parser.add_argument(
        "--server", action="store_true", help="ask the server of --config too: there, and in use?"
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), help="of the machine's files (an image, a test)"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="devices, permissions, clock, disk, certificate, fonts, journal",
    )
    parser.add_argument(
        "--inventory", type=Path, metavar="DIR", help="with --self-test: note changes of the machine"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there, too")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--quiet", action="store_true", help="the exit code only")
    return parser


def _journal(options: argparse.Namespace, config: Config | None) -> dict[str, Any]:
    path = Path(options.journal)
    keys = [Path(each) for each in options.key]
    if config is not None:
        path = path if options.journal else config.paths.journal
        keys = keys or [config.issuance.certificate, *config.issuance.earlier_certificates]
    if not path.is_file():
        raise JournalError(f"journal: no file {path}")
    with closing(open_for_reading(path)) as connection:
        verify_chain(connection)
        found = verify_store(connection, FileVerifier(*keys) if keys else None, is_full=True)
    return {"file": str(path), "are_seals_checked": bool(keys), **_found(found)}


def _found(found: Verified) -> dict[str, Any]:
    ledger = found.ledger
    return {
        "records": found.head.seq,
        "head": found.head.hash.hex(),
        "seals": found.seals,
        "imbalances": list(imbalances(ledger)),
        "balances": _balances(ledger),
        "units": {
            each.unit: {
                "yen": each.total.value,
                "pieces": {face.value: count for face, count in each.count.items()},
                "in_doubt": {face.value: count for face, count in each.unknown.items()},
                "accuracy": each.accuracy,
            }
            for each in ledger.units.values()
        },
        "receipts": _receipts(ledger.totals),
        "open_transactions": [each.number for each in ledger.open_transactions],
        "open_incidents": [each.code for each in ledger.incidents.values()],
        "open_exchange": ledger.exchange.exchange if ledger.exchange is not None else None,
        "found": list(ledger.found),
        "slips": {each.slip: each.amount.value for each in ledger.slips.values()},
        "unreported_papers": len(ledger.reports),
        "unknown_credits_at_most": sum(each.at_most for each in ledger.credit_doubts),
        "last_day_close": ledger.day.number if ledger.day else None,
    }


def _balances(ledger: Ledger) -> dict[str, int]:
    amounts = {
        "in_units": ledger.in_units,
        "float": ledger.float_amount,
        "receipts": ledger.receipts_inside,
        "held": ledger.held,
        "held_cashless": ledger.held_cashless,
        "in_doubt_cashless": ledger.in_doubt_cashless,
        "owed_cashless": ledger.owed_cashless,
        "in_doubt": ledger.in_doubt,
        "unassigned": ledger.unassigned.total - ledger.found_out,
        "owed_on_slips": ledger.owed,
        "redeemed_at_counter": ledger.totals.redeemed - ledger.restored,
        "difference": ledger.difference,
    }
    return {key: amount.value for key, amount in amounts.items()}


def _receipts(totals: Totals) -> dict[str, dict[str, int]]:
    return {
        key: {"count": each.count, "yen": each.amount.value} for key, each in sorted(totals.receipts.items())
    }


def _print(report: dict[str, Any]) -> None:
    for each in report.get("settings", []):
        print(f"{each['name']} = {each['value']}    # {each['source']}")
    _print_self_test(report.get("self_test"))
    for each in report.get("refused", []):
        print(f"REFUSED {each}", file=sys.stderr)
    if "journal" in report:
        _print_journal(report["journal"])
    if "error" in report:
        print(report["error"], file=sys.stderr)


def _print_self_test(test: dict[str, Any] | None) -> None:
    if test is None:
        return
    for each in test["checks"]:
        print(f"{each['state']:7} {each['check']:12} {each['detail']}")
    made = test["inventory"]
    print(
        f"inventory {test['inventory_digest']}: {made['system']}, kernel {made['kernel']}, {made['processor']}"
    )
    for each in (*made["disks"], *made["networks"], *made["usb"]):
        print("  " + " ".join(str(value) for value in each.values() if value))


def _print_journal(journal: dict[str, Any]) -> None:
    seals = f"{journal['seals']} good" if journal["are_seals_checked"] else "not checked: no key given"
    print(f"journal {journal['file']}: {journal['records']} records, chain whole, seals {seals}")
    print(f"  head {journal['head']}")
    balances = dict(journal["balances"])
    print(f"  {'in_units':<22}{balances.pop('in_units'):>12,} yen, of which")
    for name, amount in balances.items():
        print(f"    {name:<20}{amount:>12,}")
    for name, unit in journal["units"].items():
        pieces = ", ".join(f"{face} x {count}" for face, count in unit["pieces"].items()) or "empty"
        print(f"  unit {name:<17}{unit['yen']:>12,} yen  {pieces}  ({unit['accuracy']})")
    for name, receipts in journal["receipts"].items():
        print(f"  receipts {name:<13}{receipts['yen']:>12,} yen  {receipts['count']} papers")
    for name in (
        "open_transactions",
        "open_incidents",
        "open_exchange",
        "found",
        "slips",
        "unreported_papers",
        "unknown_credits_at_most",
    ):
        if journal[name]:
            print(f"  {name}: {journal[name]}")
    for each in journal["imbalances"]:
        print(f"  DOES NOT BALANCE: {each}")
    if not journal["imbalances"]:
        print("  balances to 0 yen")


if __name__ == "__main__":
    sys.exit(main())
