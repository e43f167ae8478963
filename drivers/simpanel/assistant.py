"""A stand-in for the assistant's panel: looks at the assistant's view, and sends one wish when it is possible.

Runs as the panel's user: the core decides by that who it is.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from pathlib import Path

from drivers.simpanel import places

WITHIN_S = 20.0


def main(argv: list[str] | None = None) -> int:
    """0: sent. 1: it did not become possible."""
    parser = argparse.ArgumentParser(prog="assistant")
    parser.add_argument("wish")
    parser.add_argument("--socket", type=Path, default=places.KIOSK / "core" / "view.sock")
    args = parser.parse_args(argv)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(WITHIN_S)
        try:
            line.connect(str(args.socket))
            with line.makefile("rb") as lines:
                for said in lines:
                    view = json.loads(said).get("view", {})
                    if args.wish in view.get("intents", ()):
                        wish = {"type": args.wish, "step": view["step"]}
                        line.sendall(json.dumps(wish).encode() + b"\n")
                        return 0
        except (OSError, ValueError):
            pass
    return 1


if __name__ == "__main__":
    sys.exit(main())
