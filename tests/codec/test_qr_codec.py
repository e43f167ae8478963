"""EMVCo and JPQR payloads: the specification's own examples, ours, and anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.qr.codec import Merchant, crc16, decode, encode, join, sealed, split
from kiosk.errors import PeerProtocolError
from kiosk.money import Yen

EMVCO = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
    "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***"
    "0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)
"""Annex of the EMV specification."""
JPQR = (
    "0002016003xxx01021129300012D156000000000510A93FO3230Q31280012D15600000001030812345678"
    "26680019jp.or.paymentsjapan01130000000000001020400010306000001040600000153033925903xxx"
    "64180002JA0108メルペイ カフェ520441115802JP610710661436304DEE9"
)
"""An example after the JPQR guideline, as another implementation has it."""
TOWN = Merchant(
    account="0000000000001-0001-000001-000001",
    category="9399",
    name="REIJI CITY",
    city="REIJI",
    postal="1000001",
    name_ja="例示市",
)
OURS = (
    "000201010212"
    "26680019jp.or.paymentsjapan0113000000000000102040001030600000104060000015204939953033925403200"
    "5802JP5910REIJI CITY6005REIJI610710000016220050800000042" + "0704K001"
    "64130002JA0103例示市6304"
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123456789", 0x29B1),
        ("a", 0x9D77),
        ("abc", 0x514A),
        ("Nepal premier won't resign.", 0xC724),
        ("", 0xFFFF),
    ],
)
def test_the_check_of_known_texts(text: str, value: int) -> None:
    assert crc16(text.encode()) == value


@pytest.mark.parametrize("payload", [EMVCO, JPQR])
def test_the_published_payloads(payload: str) -> None:
    assert sealed(payload[:-8]) == payload
    fields = decode(payload)
    assert fields["00"] == "01"
    assert split(fields["64"])["01"] in ("最佳运输", "メルペイ カフェ")
    assert join(fields.items()) == payload


def test_our_code_byte_by_byte() -> None:
    made = encode(TOWN, Yen(200), "00000042", "K001")
    assert made[:-4] == OURS
    fields = decode(made)
    assert (fields["01"], fields["53"], fields["54"], fields["58"]) == ("12", "392", "200", "JP")
    assert split(fields["62"]) == {"05": "00000042", "07": "K001"}
    assert split(fields["26"])["00"] == "jp.or.paymentsjapan"


@given(st.integers(1, 10**7), st.text("0123456789abcdef", min_size=1, max_size=25))
def test_what_is_encoded_is_read_back(amount: int, reference: str) -> None:
    fields = decode(encode(TOWN, Yen(amount), reference))
    assert (int(fields["54"]), split(fields["62"])["05"]) == (amount, reference)


@given(st.data())
def test_one_changed_letter_is_noticed(data: st.DataObject) -> None:
    payload = encode(TOWN, Yen(200), "00000042")
    at = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda each: each != payload[at]))
    with pytest.raises(PeerProtocolError):
        decode(payload[:at] + other + payload[at + 1 :])


@given(st.text(max_size=200))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        decode(text)
    except PeerProtocolError:
        pass


@pytest.mark.parametrize("payload", ["", EMVCO[:-1], EMVCO + "0", "63044D69", "0" * 600, "\ud800" + EMVCO])
def test_what_is_no_payload(payload: str) -> None:
    with pytest.raises(PeerProtocolError):
        decode(payload)


@pytest.mark.parametrize(
    "merchant",
    [
        Merchant("1-2-3-4", "9399", "REIJI CITY", "REIJI", "1000001"),
        Merchant(TOWN.account, "9399", "", "REIJI", "1000001"),
        Merchant(TOWN.account, "9399", "R" * 100, "REIJI", "1000001"),
    ],
)
def test_a_merchant_that_no_code_holds(merchant: Merchant) -> None:
    with pytest.raises(ValueError, match=r"no value|JPQR"):
        encode(merchant, Yen(200), "1")
