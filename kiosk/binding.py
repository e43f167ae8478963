"""Is this the paper of this session? What the kiosk itself finds in a prepared document (DESIGN §6). Pure
on bytes.

The engine compares the evidence with its own session. Bytes that the town's key did not sign, or that are
not the signed ones, are never given to the PDF library. `cryptography` and `pypdfium2` are imported here;
import this module late.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from collections.abc import Sequence
from typing import Literal

import msgspec
import pypdfium2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.errors import ConfigError, PeerProtocolError
from kiosk.ids import KioskId, LineId, TransactionId
from kiosk.masking import Mask, masked
from kiosk.ports import CardEvidence, CardHolder, Document, Evidence, Order
from kiosk.same_name import PlainForms, is_same_name

MAX_PAGES = 200
MAX_CHARACTERS = 20_000
"""A page; a full 住民票 has about 1,000."""

_SERIAL = re.compile(r"(?<![0-9-])[0-9]{4}-[0-9]{8}-[0-9]{2}(?![0-9-])")
_NAME_LABEL = re.compile("氏名(?!】)")
"""A label; not an item inside a 戸籍's text such as 【配偶者氏名】."""
_pdfium = threading.Lock()
"""PDFium is not made for two threads at once, whatever the document."""


class Expected(msgspec.Struct, frozen=True):
    """What this kiosk asked for."""

    kiosk: KioskId
    transaction: TransactionId
    line: LineId
    order_hash: str


class Applicant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    birth: str
    sex: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the server vouches for; its format is the contract's (issuance/openapi.yaml)."""

    format: str
    kiosk: str
    transaction: str
    line: str
    order_hash: str
    card_fingerprint: str
    serial: str
    sha256: str
    pages: int
    sides: Literal["one-sided", "two-sided-long-edge"]
    applicant: Applicant
    holders: tuple[str, ...]


class ManifestKey:
    """The town's public key for manifests (Ed25519)."""

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            raise ConfigError("the manifest key is not a public key in PEM") from None
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise ConfigError("the manifest key is not an Ed25519 key")
        self._key = key

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


_canonical = msgspec.json.Encoder(order="sorted")
_manifests = msgspec.json.Decoder(Manifest)


def order_bytes(kiosk: KioskId, transaction: TransactionId, order: Order, card_fingerprint: str) -> bytes:
    """Canonical JSON of an order: the kiosk signs these bytes, their SHA-256 is the order hash."""
    return _canonical.encode(
        {
            "format": "madoguchi/order/1",
            "kiosk": kiosk,
            "transaction": transaction,
            "line": order.line,
            "kind": order.kind,
            "options": sorted(order.options),
            "card_fingerprint": card_fingerprint,
        }
    )


def examine(
    pdf: bytes,
    manifest_bytes: bytes,
    signature: bytes,
    key: ManifestKey,
    expected: Expected,
    mask: Mask = Mask.FIRST_CHARACTER,
    holder: CardHolder | None = None,
    letters: PlainForms | None = None,
    *,
    is_to_be_read: bool = False,
) -> tuple[Document, Evidence]:
    """The document and what is true of it. PeerProtocolError: the answer is malformed, or the names on the
    paper are not the manifest's (that session is refused and the kiosk goes on, DESIGN §6 f).

    `letters`: which letters are written plainly as which, where a card's record is compared.

    `signature_ok` says: signed by the town's key, for this kiosk, for the very order that was sent.
    """
    manifest = _read_manifest(manifest_bytes)
    signature_ok = (
        key.has_signed(manifest_bytes, signature)
        and manifest.kiosk == expected.kiosk
        and manifest.order_hash == expected.order_hash
    )
    sha256 = hashlib.sha256(pdf).hexdigest()
    sha256_ok = sha256 == manifest.sha256
    keywords, pages = _read_pdf(pdf) if signature_ok and sha256_ok else ("", ())
    holders = _holders(pages, manifest.holders) if pages else ()
    applicant = manifest.applicant.name
    evidence = Evidence(
        signature_ok=signature_ok,
        transaction=TransactionId(manifest.transaction),
        line=LineId(manifest.line),
        order_hash=manifest.order_hash,
        card_fingerprint=manifest.card_fingerprint,
        serial=manifest.serial,
        serial_in_text=bool(pages) and all(set(_SERIAL.findall(page)) == {manifest.serial} for page in pages),
        transaction_in_metadata=_has_ids(keywords, manifest),
        sha256_ok=sha256_ok,
        pages_claimed=manifest.pages,
        pages_found=len(pages),
        applicant_masked=masked(applicant, mask),
        holders_masked=tuple(masked(name, mask) for name in holders),
        card=_against_card(holder, manifest, pages, holders, letters or {}) if holder is not None else None,
    )
    fronts = _fronts(pdf, manifest.sides) if pages and is_to_be_read else ()
    document = Document(
        pdf=pdf, sha256=sha256, pages=len(pages), serial=manifest.serial, sides=manifest.sides, fronts=fronts
    )
    return document, evidence


def _read_manifest(data: bytes) -> Manifest:
    try:
        manifest = _manifests.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PeerProtocolError("not a manifest") from None  # the library quotes the payload
    if manifest.format != "madoguchi/manifest/1":
        raise PeerProtocolError("a manifest of another format")
    if not manifest.holders or not all(map(_squeezed, (*manifest.holders, manifest.applicant.name))):
        raise PeerProtocolError("a manifest without names")
    return manifest


def _read_pdf(pdf: bytes) -> tuple[str, tuple[str, ...]]:
    """Keywords, and the text of each page."""
    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            raise PeerProtocolError("not a PDF") from None
        try:
            if not 1 <= len(document) <= MAX_PAGES:
                raise PeerProtocolError("a PDF of too many pages")
            keywords = document.get_metadata_value("Keywords")
            return keywords, tuple(_page_text(document[at]) for at in range(len(document)))
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            raise PeerProtocolError("a PDF that cannot be read") from None
        finally:
            document.close()


def _page_text(page: pypdfium2.PdfPage) -> str:
    text = page.get_textpage()
    if text.count_chars() > MAX_CHARACTERS:
        raise PeerProtocolError("a page of too much text")
    return str(text.get_text_range())


_MARK_PT, _ROW_PT, _WORD_PT, _COLUMN_PT = 40.0, 4.0, 9.0, 25.0
"""In points: what is higher is a mark across the page; one row; one part of a row; letters of a seal, one below the
other."""
_Box = tuple[float, float, float, float]


def _fronts(pdf: bytes, sides: str) -> tuple[str, ...]:
    """Document.fronts."""
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
        try:
            step = 1 if sides == "one-sided" else 2
            return tuple(_rows(document[at].get_textpage()) for at in range(0, len(document), step))
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            raise PeerProtocolError("a PDF that cannot be read") from None
        finally:
            document.close()


def _rows(text: pypdfium2.PdfTextPage) -> str:
    """As an eye takes it in: pieces that stand at one height are a row. Marks and seals are no text."""
    boxes: list[_Box] = [text.get_rect(at) for at in range(text.count_rects())]
    boxes = [each for each in boxes if each[3] - each[1] < _MARK_PT]
    boxes = [each for each in boxes if not any(_is_below(each, other) for other in boxes)]
    boxes.sort(key=lambda box: -(box[1] + box[3]))
    rows: list[list[_Box]] = []
    for box in boxes:
        middle = (box[1] + box[3]) / 2
        if not rows or (rows[-1][0][1] + rows[-1][0][3]) / 2 - middle > _ROW_PT:
            rows.append([])
        rows[-1].append(box)
    return "\n".join(_row(text, sorted(row)) for row in rows)


def _is_below(one: _Box, other: _Box) -> bool:
    """Two letters of a seal: equal, one under the other."""
    is_letter = all(abs((box[2] - box[0]) - (box[3] - box[1])) < 2 for box in (one, other))
    return is_letter and abs(one[0] - other[0]) < 2 and 2 < abs(one[1] - other[1]) < _COLUMN_PT


def _row(text: pypdfium2.PdfTextPage, boxes: Sequence[_Box]) -> str:
    parts: list[str] = []
    end = 0.0
    for box in boxes:
        words = " ".join(str(text.get_text_bounded(*box)).split())
        if parts and box[0] - end < _WORD_PT:
            parts[-1] += words
        else:
            parts.append(words)
        end = box[2]
    return "\t".join(each for each in parts if each)


def _has_ids(keywords: str, manifest: Manifest) -> bool:
    """Whether the metadata names this transaction, line and 発行番号, and no other."""
    words = re.split(r"[\s,;]+", keywords)
    wanted = {"transaction": manifest.transaction, "line": manifest.line, "serial": manifest.serial}
    return all(
        [word for word in words if word.startswith(f"{name}:")] == [f"{name}:{value}"]
        for name, value in wanted.items()
    )


def _holders(pages: Sequence[str], claimed: Sequence[str]) -> tuple[str, ...]:
    """The names that stand after the label 氏名, as the paper writes them. They must be the claimed ones,
    all of them and no other: a neighbour's name on the paper is found here even when the manifest does not
    know of it."""
    after = [part for page in pages for part in _NAME_LABEL.split(_squeezed(page))[1:]]
    # Longest first: a name may be the beginning of another.
    bare = sorted(map(_squeezed, claimed), key=len, reverse=True)
    found = [next((name for name in bare if part.startswith(name)), None) for part in after]
    names = [name for name in found if name is not None]
    if len(names) != len(after) or sorted(names) != sorted(bare):
        raise PeerProtocolError("the names on the paper are not the manifest's")
    return tuple(names)


_SEXES = {"1": ("M", "男"), "2": ("F", "女")}
"""The card's word (facts/card.md §2.2), the manifest's and the paper's."""
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_DATE = re.compile(
    r"(?:(明治|大正|昭和|平成|令和)(元|[0-9]{1,2})|([12][0-9]{3}))年([0-9]{1,2})月([0-9]{1,2})日"
)
_BIRTH_LABEL, _SEX_LABEL = "生年月日", "性別"


def _against_card(
    holder: CardHolder,
    manifest: Manifest,
    pages: Sequence[str],
    names: Sequence[str],
    letters: PlainForms,
) -> CardEvidence:
    """The card's own record against the server's word and the paper."""
    said = manifest.applicant
    in_manifest, on_paper = _SEXES.get(holder.sex, ("", ""))
    text = unicodedata.normalize("NFKC", "".join(_squeezed(page) for page in pages))
    places = [at for at, name in enumerate(names) if name == _squeezed(said.name)]
    births = [_dates(part) for part in _after(_BIRTH_LABEL, text, places, len(names))]
    sexes = [part[:1] for part in _after(_SEX_LABEL, text, places, len(names))]
    return CardEvidence(
        birth_ok=said.birth == holder.birth,
        sex_ok=said.sex == in_manifest,
        name_ok=is_same_name(said.name, holder.name, letters),
        paper_ok=not births or any(holder.birth in dates for dates in births),
        paper_sex_ok=not any(sex in ("男", "女") for sex in sexes) or on_paper in sexes,
    )


def _after(label: str, text: str, places: Sequence[int], people: int) -> list[str]:
    """What follows this label, up to the next one of its kind, for the people at these places. A paper that says it of
    each of its people says it in their order; of any other paper it is all that follows such a label. Nothing where
    nobody is at a place, or the paper does not say it.
    """
    parts = text.split(label)[1:]
    if not places:
        return []
    return [parts[at] for at in places] if len(parts) == people else parts


def _dates(text: str) -> set[str]:
    """The date that stands at the beginning, as YYYY-MM-DD, whatever the calendar; all dates, where none does."""
    first = _DATE.match(text)
    found = set()
    for era, of_era, year, month, day in [first.groups()] if first else _DATE.findall(text):
        of_common = int(year) if year else _ERAS[era] + (1 if of_era == "元" else int(of_era))
        found.add(f"{of_common:04}-{int(month):02}-{int(day):02}")
    return found


def _squeezed(text: str) -> str:
    return "".join(text.split())
