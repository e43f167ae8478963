"""Whose card is it, and what of it: each reason to say no has one message, phones beside cards."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.money import Denomination
from kiosk.ports import CardKind
from kiosk.view import Done, EnterPin, Notice
from tests.engine.world import CERTIFICATE, FINGERPRINT, SETUP, World

READER = SETUP.card_reader
PHONES = (CardKind.ANDROID, CardKind.IPHONE)


def at_the_card(*, serves_phones: bool = True) -> World:
    world = World(setup=replace(SETUP, serves_phones=serves_phones)).boot()
    world.tap(intents.ChooseLanguage, language="ja")
    return world


def asked(world: World) -> ports.Authenticate:
    (found,) = [each for each in world.commands if isinstance(each, ports.Authenticate)]
    return found


@pytest.mark.parametrize("kind", PHONES)
def test_a_phone_is_told_that_a_card_is_needed_where_none_is_served(kind: CardKind) -> None:
    world = at_the_card(serves_phones=False)
    world.card(kind=kind)
    assert world.view.body == Notice("C-112")
    assert not any(isinstance(each, ports.RequestChallenge) for each in world.commands)


@pytest.mark.parametrize("kind", PHONES)
def test_a_phone_with_a_blocked_pin_is_told_like_a_card(kind: CardKind) -> None:
    world = at_the_card()
    world.card(attempts=0, kind=kind)
    assert world.view.body == Notice("P-202")


def test_what_a_phone_shows_after_its_pin_is_what_the_server_judges() -> None:
    world = at_the_card()
    world.card(kind=CardKind.ANDROID)
    assert isinstance(world.view.body, EnterPin)
    world.event(ports.CertificateRead(READER, CERTIFICATE, FINGERPRINT))
    world.pin()
    assert asked(world).certificate == CERTIFICATE
    assert world.phase is Phase.RETURNING_CARD
    world.take_card()
    assert world.phase is Phase.CHOOSING_KINDS


def test_a_phone_that_signs_for_another_certificate_is_found_out() -> None:
    world = at_the_card()
    world.card(kind=CardKind.ANDROID)
    world.event(ports.CertificateRead(READER, b"another", "0" * 64))
    world.pin()
    assert world.view.body == Notice("C-108")


def test_an_owner_who_approved_on_the_phone_sees_no_keypad() -> None:
    world = at_the_card()
    world.perform_instead.add("OpenPinSlot")
    world.card(kind=CardKind.IPHONE)
    assert world.phase is Phase.OPENING_PIN
    world.event(ports.PinAccepted(READER))
    assert asked(world).certificate == CERTIFICATE


REFUSED = ("C-102", "C-103", "C-104", "C-105", "C-106", "C-108", "C-109", "N-301", "N-303", "N-304", "N-312")


@pytest.mark.parametrize("code", REFUSED)
def test_what_the_server_says_of_a_card_is_the_message_and_the_card_is_back(code: str) -> None:
    world = at_the_card()
    world.perform_instead.add("Authenticate")
    world.card()
    world.pin()
    world.event(ports.AuthenticationRefused(asked(world).transaction, code))
    assert world.view.body == Notice(code)
    assert any(isinstance(each, ports.EndCardSession) for each in world.commands)
    world.take_card()
    world.tap(intents.Next)
    assert world.phase is Phase.IDLE


def test_a_card_that_ends_soon_is_told_at_the_end_and_only_then() -> None:
    world = at_the_card()
    world.perform_instead.add("Authenticate")
    world.card()
    world.pin()
    world.event(ports.Authenticated(asked(world).transaction, world.entitlements, certificate_ends_soon=True))
    world.take_card()
    assert world.phase is Phase.CHOOSING_KINDS
    world.perform_instead.clear()
    world.tap(intents.SetCopies, kind="inkan_shomei", copies=1)
    world.tap(intents.Next)
    world.tap(intents.Next)
    world.insert(Denomination.COIN100)
    world.insert(Denomination.COIN100)
    for thing in ("certificate", "receipt"):
        world.tap(intents.Taken, thing=thing)
    assert isinstance(world.view.body, Done) and world.view.body.certificate_ends_soon
