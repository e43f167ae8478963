"""`kiosk-journey`: a resident's whole visit on the real screens, with pictures, papers, records and times."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from drivers.simpanel import closing, report, script
from drivers.simpanel.runner import JourneyError, Runner
from drivers.simpanel.session import Session
from kiosk.errors import MadoguchiError


def main(argv: list[str] | None = None) -> int:
    """0: it went as it should. 1: it did not, said in words. 2: not understood."""
    options = _parser().parse_args(argv)
    try:
        if options.command == "list":
            for name in script.names():
                print(f"{name:26s} {script.load(name).title['en']}")
            return 0
        if os.geteuid() != 0:
            print("A journey starts each process under its own user, so it needs root.", file=sys.stderr)
            return 2
        names = script.names() if options.name == "all" else [options.name]
        results = [run(name, _folder(options, name), options.lang) for name in names]
    except MadoguchiError as why:
        print(f"kiosk-journey: {why}", file=sys.stderr)
        return 1
    for result in results:
        print(report.table(result))
    return 0 if all(each.is_good for each in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-journey", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="the journeys in the box")
    each = commands.add_parser("run", help="walk one (or `all`); a path to a .toml is a journey too")
    each.add_argument("name")
    each.add_argument("--out", metavar="DIR", help="where everything is left (build/journeys/NAME)")
    each.add_argument("--lang", choices=("ja", "en"), help="instead of the journey's own")
    return parser


def _folder(options: argparse.Namespace, name: str) -> Path:
    base = Path(options.out or "build/journeys")
    alone = options.out and options.name != "all"
    return (base if alone else base / Path(name).stem).resolve()


def run(name: str, out: Path, lang: str | None = None) -> report.Result:
    """Start a kiosk in a fresh folder, walk the journey, look at what it left, write the report."""
    journey = script.load(name)
    clear(out)
    cards = [word for person in journey.persons for word in ("--person", person)]
    with Session(out, [*cards, *journey.up]) as session:
        return walk(session, name, journey, lang or journey.lang)


def clear(out: Path) -> None:
    """A folder for a new run: what an earlier run left is removed, and nothing else."""
    for left in ("state", "logs", "screens", "papers"):
        shutil.rmtree(out / left, ignore_errors=True)
    for left in ("speech.txt", "index.html", "summary.json", "journal.jsonl", "up.log"):
        (out / left).unlink(missing_ok=True)


def walk(
    session: Session, name: str, journey: script.Journey, lang: str, before: report.Sums = report.NOTHING
) -> report.Result:
    """One journey on a kiosk that runs, and that earlier visits left so; its report lies in the run's folder."""
    runner = Runner(session.do, journey, lang, lambda line: print(line, flush=True))
    result = report.Result(name, journey, lang, runner.seen, before=before)
    try:
        runner.walk()
    except JourneyError as why:
        result.failure = str(why)
    closing.gather(session, result)
    report.write(result, session.out)
    return result


if __name__ == "__main__":
    sys.exit(main())
