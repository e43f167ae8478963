"""The kiosk's own look at a prepared document: every swap is found, nothing malformed gets through."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import typst
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from kiosk.binding import Expected, ManifestKey, examine, order_bytes
from kiosk.errors import ConfigError, PeerProtocolError
from kiosk.ids import KioskId, LineId, TransactionId
from kiosk.letters import read_letters
from kiosk.masking import Mask, masked
from kiosk.ports import CardEvidence, CardHolder, Document, Evidence, Order
from kiosk.same_name import is_same_name

TOWN = ed25519.Ed25519PrivateKey.generate()
KEY = ManifestKey(
    TOWN.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
)
KIOSK, TRANSACTION, LINE = KioskId("kiosk-1"), TransactionId("1" * 32), LineId("2" * 32)
SERIAL = "2026-00000001-52"
EXPECTED = Expected(KIOSK, TRANSACTION, LINE, "c" * 64)
HANAKO = "例示　花子"
YOSHIKO = "\U00020bb7見本　葛\U000e0102子"

_fonts = typst.Fonts(
    include_system_fonts=False, include_embedded_fonts=False, font_paths=["/usr/share/fonts/truetype/ipamj"]
)
_compiler = typst.Compiler(font_paths=_fonts, ignore_system_fonts=True)


def paper(
    *pages: tuple[str, tuple[str, ...]],
    transaction: str = TRANSACTION,
    line: str = LINE,
    serial: str = SERIAL,
    birth: str = "昭和16年3月3日",
    sex: str = "",
    text: str = "",
) -> bytes:
    """A paper of these pages, each a 発行番号 and the names on it."""
    words = [f"transaction:{transaction}", f"line:{line}", f"serial:{serial}"]
    keywords = ", ".join(json.dumps(word) for word in words)
    body = "\n#pagebreak()\n".join(
        "\n\n".join(
            [*(f'氏#h(2em)名 #"{name}" 生年月日 {birth} {sex}' for name in names), f"発行番号 {number} 1/1"]
        )
        for number, names in pages or [(SERIAL, (HANAKO,))]
    )
    body = f"{text}\n\n発行番号 {serial} 1/1" if text else body
    head = f'#set document(keywords: ({keywords}))\n#set text(font: "IPAmjMincho")\n#set page(width: 180mm)\n'
    pdf = _compiler.compile((head + body).encode(), format="pdf", timestamp=0)
    assert isinstance(pdf, bytes)
    return pdf


PAPER = paper()


def manifest(pdf: bytes = PAPER, **changed: Any) -> bytes:
    claim: dict[str, Any] = {
        "format": "madoguchi/manifest/1",
        "kiosk": KIOSK,
        "transaction": TRANSACTION,
        "line": LINE,
        "order_hash": EXPECTED.order_hash,
        "card_fingerprint": "d" * 64,
        "serial": SERIAL,
        "sha256": hashlib.sha256(pdf).hexdigest(),
        "pages": 1,
        "sides": "one-sided",
        "applicant": {"name": HANAKO, "birth": "1941-03-03", "sex": "F"},
        "holders": [HANAKO],
    }
    return json.dumps(claim | changed, ensure_ascii=False).encode()


def look(
    pdf: bytes = PAPER, claim: bytes | None = None, mask: Mask = Mask.FIRST_CHARACTER
) -> tuple[Document, Evidence]:
    claim = manifest(pdf) if claim is None else claim
    return examine(pdf, claim, TOWN.sign(claim), KEY, EXPECTED, mask)


def test_what_is_read_aloud_is_the_paper_row_by_row() -> None:
    claim = manifest()
    document, _ = examine(PAPER, claim, TOWN.sign(claim), KEY, EXPECTED, is_to_be_read=True)
    (front,) = document.fronts
    rows = front.splitlines()
    assert any(HANAKO in row.replace("\u3000", " ") for row in rows) or "花子" in front
    assert SERIAL in front
    broken, _ = examine(PAPER, claim, bytes(64), KEY, EXPECTED, is_to_be_read=True)
    assert broken.fronts == (), "a paper that is not ours is not read"


def test_the_right_paper() -> None:
    document, evidence = look()
    assert document == Document(PAPER, hashlib.sha256(PAPER).hexdigest(), 1, SERIAL)
    assert evidence == Evidence(
        signature_ok=True,
        transaction=TRANSACTION,
        line=LINE,
        order_hash="c" * 64,
        card_fingerprint="d" * 64,
        serial=SERIAL,
        serial_in_text=True,
        transaction_in_metadata=True,
        sha256_ok=True,
        pages_claimed=1,
        pages_found=1,
        applicant_masked="例＊＊",
        holders_masked=("例＊＊",),
    )


def test_several_people_on_several_pages() -> None:
    pdf = paper((SERIAL, (HANAKO, YOSHIKO)), (SERIAL, ("MARIA ISABEL EXEMPLO DOS SANTOS",)))
    holders = [HANAKO, YOSHIKO, "MARIA ISABEL EXEMPLO DOS SANTOS"]
    _, evidence = look(pdf, manifest(pdf, pages=2, holders=holders))
    assert evidence.holders_masked == ("例＊＊", "\U00020bb7＊＊", "M＊＊")
    assert evidence.serial_in_text
    assert evidence.pages_found == 2


# --- swaps ----------------------------------------------------------------------------------------------


def test_another_key_signed() -> None:
    claim = manifest()
    other = ed25519.Ed25519PrivateKey.generate()
    _, evidence = examine(PAPER, claim, other.sign(claim), KEY, EXPECTED)
    assert not evidence.signature_ok
    assert not evidence.serial_in_text
    assert evidence.pages_found == 0  # unsigned bytes never reach the PDF library


@pytest.mark.parametrize("changed", [{"kiosk": "kiosk-2"}, {"order_hash": "e" * 64}])
def test_a_manifest_for_another_kiosk_or_order_does_not_count_as_signed(changed: dict[str, Any]) -> None:
    _, evidence = look(claim=manifest(**changed))
    assert not evidence.signature_ok


@pytest.mark.parametrize(
    "changed", [{"transaction": "3" * 32}, {"line": "4" * 32}, {"card_fingerprint": "5" * 64}]
)
def test_what_the_engine_compares_is_told_as_claimed(changed: dict[str, Any]) -> None:
    _, evidence = look(claim=manifest(**changed))
    name, value = next(iter(changed.items()))
    assert getattr(evidence, name) == value


def test_the_neighbours_pdf_under_our_manifest() -> None:
    """Two answers whose papers were exchanged on the way."""
    neighbour = paper((SERIAL, ("例題　五郎",)))
    _, evidence = look(neighbour, manifest(PAPER))
    assert evidence.signature_ok
    assert not evidence.sha256_ok
    assert evidence.holders_masked == ()


def test_the_neighbours_paper_signed_as_ours() -> None:
    """The server itself drew another resident: hash and signature fit, the names on the paper do not."""
    neighbour = paper((SERIAL, ("例題　五郎",)))
    with pytest.raises(PeerProtocolError, match="names"):
        look(neighbour, manifest(neighbour))


def test_one_person_too_many_or_too_few() -> None:
    for names, holders in (((HANAKO, YOSHIKO), [HANAKO]), ((HANAKO,), [HANAKO, YOSHIKO]), ((), [HANAKO])):
        pdf = paper((SERIAL, names))
        with pytest.raises(PeerProtocolError, match="names"):
            look(pdf, manifest(pdf, holders=holders))


def test_another_shape_of_the_same_name_is_another_name() -> None:
    pdf = paper((SERIAL, ("葛\U000e0103子",)))
    with pytest.raises(PeerProtocolError, match="names"):
        look(pdf, manifest(pdf, holders=["葛\U000e0102子"]))


@pytest.mark.parametrize(
    "pages",
    [
        [("2026-00000002-55", (HANAKO,))],
        [(SERIAL, (HANAKO,)), ("", ())],
        [(SERIAL, (HANAKO,)), ("2026-00000002-55", ())],
        [(f"{SERIAL} 2026-00000002-55", (HANAKO,))],
        [(f"1{SERIAL}", (HANAKO,))],
    ],
    ids=["another", "second-page-none", "second-page-another", "two", "longer"],
)
def test_the_serial_stands_alone_on_every_page(pages: list[tuple[str, tuple[str, ...]]]) -> None:
    pdf = paper(*pages)
    _, evidence = look(pdf, manifest(pdf, pages=len(pages)))
    assert not evidence.serial_in_text


@pytest.mark.parametrize(
    "changed",
    [
        {"transaction": "3" * 32},
        {"line": "4" * 32},
        {"serial": "2026-00000002-55"},
        {"transaction": f"{TRANSACTION} transaction:{'3' * 32}"},
        {"transaction": f"{TRANSACTION}0"},
    ],
)
def test_the_metadata_names_this_transaction_and_no_other(changed: dict[str, str]) -> None:
    pdf = paper(**changed)
    _, evidence = look(pdf, manifest(pdf))
    assert not evidence.transaction_in_metadata


def test_pages_are_counted_here() -> None:
    _, evidence = look(claim=manifest(pages=2))
    assert (evidence.pages_claimed, evidence.pages_found) == (2, 1)


# --- malformed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 5000,
        manifest(surprise=1),
        manifest(format="madoguchi/manifest/2"),
        manifest(pages="1"),
        manifest(holders=[]),
        manifest(holders=["　"]),
        manifest(applicant={"name": "", "birth": "", "sex": ""}),
        manifest()[:-1],
    ],
    ids=range(11),
)
def test_a_manifest_that_is_none(claim: bytes) -> None:
    with pytest.raises(PeerProtocolError) as caught:
        look(claim=claim)
    assert "例示" not in str(caught.value)


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7", b"junk" * 100, PAPER[:2000]], ids=range(4))
def test_a_pdf_that_is_none(pdf: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        look(pdf, manifest(pdf))


@given(st.data())
def test_a_damaged_paper_is_found_or_refused(data: st.DataObject) -> None:
    """Signed as it is, so that only the paper itself can tell."""
    at = data.draw(st.integers(0, len(PAPER) - 1))
    pdf = PAPER[:at] + bytes([PAPER[at] ^ data.draw(st.integers(1, 255))]) + PAPER[at + 1 :]
    try:
        document, evidence = look(pdf, manifest(pdf))
    except PeerProtocolError:
        return
    assert evidence.sha256_ok
    assert document.pdf == pdf
    assert evidence.holders_masked == ("例＊＊",)


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_any_bytes_end_in_evidence_or_protocol_error(claim: bytes, signature: bytes) -> None:
    with pytest.raises(PeerProtocolError):
        examine(PAPER, claim, signature, KEY, EXPECTED)
    _, evidence = examine(PAPER, manifest(), signature, KEY, EXPECTED)
    assert not evidence.signature_ok


# --- masks, keys, orders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown", "family"),
    [
        ("山田　太郎", "山＊＊", "山田　＊＊"),
        (YOSHIKO, "\U00020bb7＊＊", YOSHIKO.split("　", maxsplit=1)[0] + "　＊＊"),
        ("葛\U000e0102西　外", "葛\U000e0102＊＊", "葛\U000e0102西　＊＊"),
        ("　MARIA", "M＊＊", "M＊＊"),
        ("NGUYEN VAN AN", "N＊＊", "NGUYEN　＊＊"),
    ],
)
def test_masks(name: str, shown: str, family: str) -> None:
    assert masked(name, Mask.FIRST_CHARACTER) == shown
    assert masked(name, Mask.FAMILY_NAME) == family
    assert masked(name, Mask.HIDDEN) == "＊＊"


def test_the_masks_setting_reaches_the_evidence() -> None:
    _, evidence = look(mask=Mask.HIDDEN)
    assert (evidence.applicant_masked, evidence.holders_masked) == ("＊＊", ("＊＊",))


def test_keys_of_another_kind_are_configuration_errors() -> None:
    public = ec.generate_private_key(ec.SECP384R1())
    wrong = public.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for bad in (b"", b"junk", wrong):
        with pytest.raises(ConfigError):
            ManifestKey(bad)


def test_the_orders_canonical_form() -> None:
    order = Order(LINE, "juminhyo", (("whom", "self"), ("honseki", "no")))
    assert order_bytes(KIOSK, TRANSACTION, order, "d" * 64) == (
        b'{"card_fingerprint":"'
        + b"d" * 64
        + b'","format":"madoguchi/order/1","kind":"juminhyo","kiosk":"kiosk-1",'
        b'"line":"'
        + b"2" * 32
        + b'","options":[["honseki","no"],["whom","self"]],"transaction":"'
        + b"1" * 32
        + b'"}'
    )


# --- the card's own record (DESIGN §6 e) ------------------------------------------------------------------------------

CARD = CardHolder(HANAKO, "1941-03-03", "2")


def against(holder: CardHolder, pdf: bytes = PAPER, **changed: Any) -> CardEvidence:
    claim = manifest(pdf, **changed)
    _, evidence = examine(
        pdf, claim, TOWN.sign(claim), KEY, EXPECTED, holder=holder, letters=read_letters().forms()
    )
    assert evidence.card is not None
    return evidence.card


def test_a_session_that_knows_nothing_of_the_card_claims_nothing() -> None:
    claim = manifest()
    assert examine(PAPER, claim, TOWN.sign(claim), KEY, EXPECTED)[1].card is None


def test_the_cards_record_is_the_applicants() -> None:
    assert against(CARD) == CardEvidence(
        birth_ok=True, sex_ok=True, name_ok=True, paper_ok=True, paper_sex_ok=True
    )


@pytest.mark.parametrize(
    ("holder", "wrong"),
    [
        (CardHolder(HANAKO, "1941-03-04", "2"), ["birth_ok", "paper_ok"]),
        (CardHolder(HANAKO, "1941-03-03", "1"), ["sex_ok"]),
        (CardHolder(HANAKO, "1941-03-03", "9"), ["sex_ok"]),
        (CardHolder("見本　太郎", "1941-03-03", "2"), ["name_ok"]),
    ],
)
def test_each_difference_is_found_alone(holder: CardHolder, wrong: list[str]) -> None:
    card = against(holder)
    assert [name for name in card.__struct_fields__ if not getattr(card, name)] == wrong


def test_a_manifest_that_fits_does_not_help_a_paper_that_does_not() -> None:
    """The server says the right birth date and prints another person's."""
    other = paper((SERIAL, (HANAKO,)), birth="昭和39年10月10日")
    card = against(CARD, other)
    assert card.birth_ok and not card.paper_ok


@pytest.mark.parametrize(
    ("sex", "is_ok"), [("性別 女", True), ("性別 男", False), ("性別 【省略】", True), ("", True)]
)
def test_a_sex_on_the_paper_is_the_cards(sex: str, is_ok: bool) -> None:
    card = against(CARD, paper((SERIAL, (HANAKO,)), sex=sex))
    assert card.paper_sex_ok is is_ok and card.sex_ok and card.paper_ok


@pytest.mark.parametrize(
    ("of_hanako", "wrong"),
    [
        ("生年月日 昭和16年3月3日 性別 女", []),
        ("生年月日 昭和14年5月5日 性別 女", ["paper_ok"]),
        ("生年月日 昭和16年3月3日 性別 男", ["paper_sex_ok"]),
    ],
)
def test_in_a_household_the_applicants_own_line_counts(of_hanako: str, wrong: list[str]) -> None:
    """Her date and sex stand on the paper, of somebody else: as 住民票 is drawn, they come before the name."""
    husband = f'生年月日 昭和16年3月3日 性別 女 氏#h(2em)名 #"{YOSHIKO}"'
    both = paper(text=f'{husband}\n\n{of_hanako} 氏#h(2em)名 #"{HANAKO}"')
    card = against(CARD, both, holders=[YOSHIKO, HANAKO])
    assert [name for name in card.__struct_fields__ if not getattr(card, name)] == wrong


def test_an_applicant_who_is_not_on_the_paper_is_not_looked_for_there() -> None:
    """Of the household, the children only."""
    other = paper((SERIAL, (YOSHIKO,)), birth="昭和39年10月10日")
    assert against(CARD, other, holders=[YOSHIKO]).paper_ok


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (HANAKO, "例示 花子", True),
        (YOSHIKO, "吉見本　葛子", True),
        ("髙﨑　濵子", "高崎　浜子", True),
        ("ＭＡＲＩＡ　ＩＳＡＢＥＬ", "Maria Isabel", True),
        (HANAKO, "例示　華子", False),
        ("", "", False),
        ("\u3000", " ", False),
    ],
)
def test_letters_that_registers_and_cards_write_differently(one: str, other: str, is_same: bool) -> None:
    forms = read_letters().forms()
    assert is_same_name(one, other, forms) is is_same_name(other, one, forms) is is_same


def test_every_calendar_is_a_date() -> None:
    paper_of = {"平成元年1月8日": "1989-01-08", "令和6年2月29日": "2024-02-29", "1990年1月15日": "1990-01-15"}
    for said, day in paper_of.items():
        holder = CardHolder(HANAKO, day, "2")
        assert against(holder, paper((SERIAL, (HANAKO,)), birth=said)).paper_ok
