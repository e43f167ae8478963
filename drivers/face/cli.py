"""`kiosk-face evaluate DIR`: error rates of face checks on a town's volunteers (evaluate.py says how DIR looks)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 with one line on stderr when the directory is not as described."""
    parser = argparse.ArgumentParser(prog="kiosk-face", description="Face checks on the command line.")
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("evaluate", help="FMR, FNMR, APCER and BPCER per age band")
    verb.add_argument("directory", type=Path)
    verb.add_argument("--threshold", type=float, default=0.5)
    args = parser.parse_args(argv)
    try:
        from drivers.face.evaluate import Evaluation, report  # noqa: PLC0415  # dlib, only for who asks

        evaluation = Evaluation(args.directory, args.threshold)
        evaluation.run()
    except ConfigError as why:
        print(why, file=sys.stderr)
        return 1
    except ImportError:
        print("kiosk-face: the extra `vision` is not installed", file=sys.stderr)
        return 1
    print(report(evaluation.rates, args.threshold))
    return 0


if __name__ == "__main__":
    sys.exit(main())
