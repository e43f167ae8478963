"""A campaign against every parser of drivers/jpki: a value or PeerProtocolError (or "not believed"), nothing else.

    python -m tests.codec.campaign_card [INPUTS] [SEED]

Inputs are garbage, and genuine files, commands and answers that are cut, spliced, and changed in a few bytes. The short
form of the same rule is in test_tlv, test_apdu, test_jpki and contract/test_records;
test_campaign_card runs a part of this one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from drivers.card_service import messages, tenkey
from drivers.jpki import codec, common, cv, surface, text, tlv
from drivers.jpki.apdu import decode_command, decode_response
from drivers.jpki.cv import NotBelieved, Roots
from drivers.jpki.profile import profile_of
from drivers.jpki.rsa import key_of_card
from drivers.jpki.sim.card import VirtualCard
from kiosk.errors import PeerProtocolError
from kiosk.ipc.wire import NEED_DATA, LineDecoder
from tests.contract.cards import box, card
from tests.contract.test_records import _surface_roots, _text_roots

LINES = (
    b'{"type":"PinRejected","device":"card1","attempts_left":2}\n',
    b'{"type":"OpenPinSlot","device":"card1","secret":"auth"}\n',
    b'{"type":"DigitsEntered","device":"card1","slot":"00","count":3}\n{"type":"CardRemoved","device":"card1"}\n',
)
KEYS = tenkey.EVENT.pack(1, 2, 1, 79, 1) + tenkey.EVENT.pack(1, 3, 0, 0, 0)
COMMANDS = (
    "00A4040C0AD392F000260100000001",
    "00A4040C0AD3921000310001010402",
    "00A4020C020018",
    "00200080",
    "002000980431323334",
    "00B08A00000800",
    "00B0000000",
    "802A0097333031300D060960864801650304020105000420" + "00" * 32 + "00",
    "00B2010C00",
    "0084000008",
    "00CA00F000",
)


def _seeds(on: VirtualCard) -> list[bytes]:
    """Genuine bytes of every kind that the parsers meet."""
    found = [*(bytes.fromhex(each) for each in COMMANDS), *LINES, KEYS]
    found.append((box() / "cards" / "hanako" / "auth.cer").read_bytes())
    for directory in on.image.directories.values():
        found += [each.data for each in directory.files.values() if hasattr(each, "data")]
    return [each for each in found if each]


def _changed(seeds: list[bytes], dice: random.Random) -> bytes:
    kind = dice.randrange(8)
    if kind == 0:
        return dice.randbytes(dice.randrange(80))
    data = bytearray(dice.choice(seeds)[:2600])
    if kind == 1:
        return bytes(data[: dice.randrange(len(data) + 1)])
    if kind == 2:
        other = dice.choice(seeds)
        at = dice.randrange(len(data) + 1)
        return bytes(data[:at]) + other[dice.randrange(len(other)) :][:600]
    for _ in range(dice.randrange(1, 5)):
        # the first bytes steer the parser: half of the changes go there
        span = len(data) if dice.randrange(2) else min(len(data), 40)
        data[dice.randrange(span)] = dice.choice((0x00, 0x7F, 0x80, 0x81, 0x84, 0xFF, dice.randrange(256)))
    return bytes(data)


def _parsers(roots: tuple[Roots, Roots], on: VirtualCard) -> list[Callable[[bytes], object]]:
    return [
        tlv.read,
        tlv.read_all,
        tlv.read_header,
        decode_command,
        decode_response,
        profile_of,
        codec.certificate_length,
        codec.rsa_public_key,
        codec.has_sign_certificate,
        key_of_card,
        cv.object_length,
        text.decode_facts,
        common.decode_record,
        lambda data: cv.signer(data, roots[0]),
        lambda data: cv.children(data, 0xFF20),
        lambda data: text.believe(data, data, data, roots[0]),
        lambda data: surface.believe(data, data, roots[1]),
        on.answer,
        lambda data: list(tenkey.decode(data)),
        lambda data: _lines(messages.event_decoder(), data),
        lambda data: _lines(messages.command_decoder(), data),
    ]


def _lines(decoder: LineDecoder[object], data: bytes) -> None:
    """What a line decoder makes of it, to the end of what came."""
    decoder.feed(data)
    while decoder.next_message() is not NEED_DATA:
        continue


def run(inputs: int, seed: int) -> dict[str, int]:
    """So many inputs, each to one parser in turn; how they ended. Anything but a value or a refusal is raised."""
    dice, on = random.Random(seed), card()
    seeds, parsers = _seeds(on), _parsers((_text_roots(), _surface_roots()), on)
    outcomes = {"value": 0, "refused": 0}
    for number in range(inputs):
        data = _changed(seeds, dice)
        parse = parsers[number % len(parsers)]
        try:
            parse(data)
            outcomes["value"] += 1
        except (PeerProtocolError, NotBelieved):
            outcomes["refused"] += 1
        except Exception:
            sys.stderr.write(f"seed {seed}, input {number}: {data.hex()}\n")
            raise
        on.commands.clear()
    return outcomes


def main() -> int:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    sys.stdout.write(f"seed {seed}: {inputs} inputs, {run(inputs, seed)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
