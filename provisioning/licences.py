"""The licence of everything that is locked, as the installed packages state it: writes docs/licences.md.

An unknown statement stops it: a person reads the package's licence text and adds a line here.
"""

import importlib.metadata
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "requirements.lock": "Runs on a kiosk or on the issuance server",
    "requirements-vision.lock": "Runs in the vision process, where a town has faces compared",
    "requirements-voice.lock": "Runs in the voice process, where a kiosk speaks",
    "requirements-build.lock": "Builds the wheel and the dependencies that come as source; not imported",
    "requirements-dev.lock": "Checks and tests; never on a kiosk",
}

# What packages wrote before there were SPDX expressions.
STATED = {
    "0BSD": "0BSD",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Boost Software License": "BSL-1.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "ISC License (ISCL)": "ISC",
    "LGPLv2+": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# Read by a person in the package's own licence files, where the statement is none or several.
READ = {
    "docutils": ("BSD-2-Clause", "most of it public domain; the GPL is for an editor mode that no wheel has"),
    "face-recognition-models": (
        "MIT",
        "the models: CC0-1.0, but for the 68-point one, which excludes commercial use and is deleted (ADR 0039)",
    ),
    "numpy": (
        "BSD-3-Clause",
        "parts: 0BSD, MIT, Zlib, CC0-1.0; its wheels carry OpenBLAS (BSD-3-Clause) and GCC's runtime "
        "libraries (GPL-3.0 with the runtime exception)",
    ),
    "pyopenjtalk-plus": (
        "MIT",
        "Open JTalk and its engine: BSD-3-Clause; the voice 「Mei」 (MMDAgent, Nagoya Institute of Technology): "
        "CC-BY-3.0, named in docs/voice.md; the dictionary (NAIST-jdic, UniDic): BSD-3-Clause",
    ),
    "pypdfium2": ("BSD-3-Clause OR Apache-2.0", "PDFium itself: BSD-3-Clause and Apache-2.0"),
    "qrcode": ("BSD-3-Clause", "with the MIT notice of the library it came from"),
}
# All of these allow a town, or a maker in a town's name, to run, change and hand on the whole (ADR 0001).
ACCEPTED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
}


def locked(lock: str) -> list[tuple[str, str]]:
    lines = (ROOT / lock).read_text().splitlines()
    matches = (re.match(r"^([a-z0-9-]+)==(\S+)", line) for line in lines)
    return [(match[1], match[2]) for match in matches if match]


def licence_of(name: str) -> tuple[str, str]:
    """SPDX expression and a remark."""
    if name in READ:
        return READ[name]
    data = importlib.metadata.metadata(name)
    if "License-Expression" in data:
        return data["License-Expression"], ""
    classifiers = data.get_all("Classifier") or []
    statements = data.get_all("License") or []
    statements += [line.rsplit(" :: ", 1)[1] for line in classifiers if line.startswith("License ::")]
    for statement in statements:
        if statement in STATED or statement in ACCEPTED:
            return STATED.get(statement, statement), ""
    raise LookupError(f"{name}: no licence that can be read by a machine; read it and add it to READ")


def refused(expression: str) -> bool:
    """An expression with OR needs one accepted part; there is no AND in what we use, so it is refused."""
    return not any(part in ACCEPTED for part in expression.split(" OR "))


def table() -> str:
    parts = [
        "# Licences of what Madoguchi stands on",
        "",
        "Written by `make licences` from the installed packages; a test keeps it true. Why these are",
        "acceptable: [ADR 0001](adr/0001-licence.md).",
    ]
    for lock, meaning in LOCKS.items():
        parts += [
            "",
            f"## {meaning} (`{lock}`)",
            "",
            "| package | version | licence | remark |",
            "|---|---|---|---|",
        ]
        for name, version in locked(lock):
            expression, remark = licence_of(name)
            if refused(expression):
                raise LookupError(f"{name}: {expression} is not among the accepted licences")
            parts.append(f"| {name} | {version} | {expression} | {remark} |")
    return "\n".join(parts) + "\n"


def main() -> int:
    (ROOT / "docs/licences.md").write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
