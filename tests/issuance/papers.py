"""Papers of the specimen town, drawn without a server."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from issuance import folder, paper, seal
from issuance.clock import town_day
from issuance.drawing import Draughtsman, Drawing, Subject
from issuance.folder import CERTIFICATES
from issuance.names import NameGuard
from issuance.paper import Issue
from issuance.register import FileRegister, Records
from issuance.render import Renderer
from issuance.seal import Sealer
from issuance.town import Town, read_kinds, read_town
from tests.issuance.people import FONT, KIOSK, NOW

TOWN = read_town(folder.SPECIMEN)
KINDS = read_kinds(CERTIFICATES)
REGISTER = FileRegister(folder.SPECIMEN, lambda: town_day(NOW))
ISSUE = Issue(KIOSK, "1" * 32, "2" * 32, "2026-00000123-94", NOW)
EVERYTHING = {
    "whom": "household",
    "zokugara": "yes",
    "honseki": "yes",
    "kokuseki": "yes",
    "zairyu_card": "yes",
    "kojin_bango": "yes",
}
# From fixed bytes: the same key in every run, so that pictures of papers can be compared. It opens nothing.
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {seal.key_id(KEY.public_key()): KEY.public_key()}
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
GUARD = NameGuard.of_font(FONT)


def subject(who: str, kind: str, choices: dict[str, str]) -> Subject:
    applicant = REGISTER.resident(who)
    assert applicant is not None
    household = REGISTER.household(applicant.household)
    records = Records(
        REGISTER.seal(who), REGISTER.tax(who, 2026), True, REGISTER.payments(who, 2026), REGISTER.family(who)
    )
    people = paper.people_of(KINDS[kind], applicant, household, choices)
    return Subject(people, household, choices, records)


def draughtsman(town: Town = TOWN, certificates: Path = CERTIFICATES) -> Draughtsman:
    """Draws with the templates of this folder."""
    kinds = read_kinds(certificates)
    templates = {key: str(Path(key) / kind.template) for key, kind in kinds.items()}
    return Draughtsman(
        town, GUARD, Sealer(PEM, town.verify_address), Renderer(certificates, templates, [FONT.parent])
    )


def draw(by: Draughtsman, who: str, kind: str, at: datetime = NOW, **choices: str) -> Drawing | str:
    issue = Issue(ISSUE.kiosk, ISSUE.transaction, ISSUE.line, ISSUE.serial, at)
    return by.draw(KINDS[kind], issue, subject(who, kind, choices))


def edited(to: Path, file: str, old: str, new: str) -> Path:
    """The specimen's templates with one place changed."""
    shutil.copytree(CERTIFICATES, to)
    text = (to / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old)
    (to / file).write_text(text.replace(old, new), encoding="utf-8")
    return to


def scan(pdf: bytes, to: Path, dpi: int) -> list[Image.Image]:
    """The pages as an office's scanner gives them, grey."""
    (to / "paper.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", str(dpi), "-gray", "-png", str(to / "paper.pdf"), str(to / "page")]
    subprocess.run(command, check=True, capture_output=True)
    pages = []
    for file in sorted(to.glob("page-*.png")):
        with Image.open(file) as page:
            pages.append(page.copy())
    return pages
