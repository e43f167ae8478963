"""Card, PIN, challenge, and the server's word on who this is. No type here can hold a secret. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.engine import card_record, face, number
from kiosk.engine.session import advance, begin, end, enter, leave, notify, return_card
from kiosk.engine.state import FaceWay, Phase, Turn
from kiosk.ids import OpId
from kiosk.ports import (
    Authenticate,
    Authenticated,
    AuthenticationRefused,
    CardFailed,
    CardInserted,
    CardKind,
    CardRead,
    CardRemoved,
    CardUnreadable,
    CertificateRead,
    ChallengeIssued,
    ChallengeSigned,
    ClosePinSlot,
    DigitsEntered,
    IssuanceFailed,
    OpenPinSlot,
    PinAccepted,
    PinBlocked,
    PinRejected,
    PinSlotClosed,
    PinSlotOpened,
    RequestChallenge,
    SignChallenge,
    StartTimer,
    TimerExpired,
)
from kiosk.services.plan import Step

UNREADABLE = {"not-my-number": "C-102", "no-certificate": "C-107"}
UNREAD_MAX = 2
"""Times in one session that a card which cannot be read is asked for again."""
PHONES = (CardKind.ANDROID, CardKind.IPHONE)
MESSAGE_HEAD = b"madoguchi/auth/1"


def bound_message(challenge: bytes, kiosk: str, transaction: str, kinds: tuple[str, ...]) -> bytes:
    """What the card signs: the server's challenge bound to this kiosk, this transaction and, in kind_first, the kinds.

    The contract is issuance/openapi.yaml (`authentications`).
    """
    return b"\n".join(
        (
            MESSAGE_HEAD,
            challenge,
            kiosk.encode(),
            transaction.encode(),
            b",".join(sorted(k.encode() for k in kinds)),
        )
    )


def bound_kinds(turn: Turn) -> tuple[str, ...]:
    plan = turn.state.setup.plan
    return tuple(sorted(kind for kind, _ in turn.session.copies)) if plan.binds_kinds else ()


# --- the card on the reader -------------------------------------------------------------------------------------------


def enter_card(turn: Turn) -> None:
    turn.go(Phase.AWAITING_CARD)
    if turn.state.card is not None:
        accept_card(turn, turn.state.card)


def note_inserted(turn: Turn, _: CardInserted) -> None:
    turn.set(card_is_present=True)


def note_read(turn: Turn, event: CardRead) -> None:
    """A card was read while nobody asked for it: remembered for the step that will."""
    turn.set(card=event, card_is_present=True)


def begin_with_card(turn: Turn, event: CardRead) -> None:
    """Who lays the card down before touching anything has begun. One that was left there by somebody has not."""
    is_new = turn.state.card is None and not turn.state.card_stayed
    note_read(turn, event)
    if is_new:
        begin(turn, event)


def note_removed(turn: Turn, _: CardRemoved) -> None:
    turn.set(card=None, card_is_present=False, card_stayed=False)


def accept_card(turn: Turn, event: CardRead) -> None:
    turn.set(card=event, card_is_present=True)
    turn.edit(card=event, attempts_left=event.attempts_left)
    if event.kind is CardKind.NO_PIN:
        notify(turn, "C-107")
    elif event.kind in PHONES and not turn.state.setup.serves_phones:
        notify(turn, "C-112")
    elif event.attempts_left == 0:
        notify(turn, "P-202")
    else:
        turn.do(RequestChallenge(turn.session.transaction, bound_kinds(turn)))
        if face.wants_surface(turn):
            face.await_surface(turn)
        else:
            advance(turn)


def refuse_card(turn: Turn, event: CardUnreadable) -> None:
    """While 照合番号B is held for it, the card may be placed again, without the number being asked anew."""
    turn.set(card_is_present=True)
    session = turn.session
    if event.goes_on and event.code not in UNREADABLE and session.times_unread < UNREAD_MAX:
        turn.edit(is_unread=True, times_unread=session.times_unread + 1)
        turn.go(Phase.RETURNING_CARD)
        turn.do(StartTimer("stage", turn.state.setup.timeouts.card_left_s))
    else:
        notify(turn, UNREADABLE.get(event.code, "C-101"))


def card_gone_early(turn: Turn, event: CardRemoved) -> None:
    note_removed(turn, event)
    notify(turn, "C-110")


def card_back(turn: Turn, _: object) -> None:
    """One question back from the card."""
    before = turn.state.setup.plan.before(Step.CARD)
    if before is Step.NUMBER:
        number.undecide(turn)
    enter(turn, before)


def card_failed(turn: Turn, event: CardFailed) -> None:
    notify(turn, "C-108" if event.code == "other-card" else "C-101")


# --- the PIN ----------------------------------------------------------------------------------------------------------


def enter_pin(turn: Turn) -> None:
    """Say the last try before it is used; else open the slot."""
    if turn.session.attempts_left == 1 and not turn.session.consented:
        turn.go(Phase.CONSENTING_LAST_TRY)
    else:
        open_slot(turn)


def open_slot(turn: Turn) -> None:
    turn.go(Phase.OPENING_PIN)
    turn.edit(slot="", is_checking=False)
    setup = turn.state.setup
    number.ask_slot(turn, OpenPinSlot(setup.card_reader, setup.plan.secret))


def consent(turn: Turn, _: object) -> None:
    turn.edit(consented=True)
    open_slot(turn)


def slot_opened(turn: Turn, event: PinSlotOpened) -> None:
    turn.go(Phase.ENTERING_PIN)
    turn.edit(slot=event.slot, attempts_left=event.attempts_left, digits=0)


def digits_entered(turn: Turn, event: DigitsEntered) -> None:
    """On the ten-key. The screen shows as many dots."""
    if event.slot == turn.session.slot:
        turn.edit(digits=event.count)


def slot_closed(turn: Turn, event: PinSlotClosed) -> None:
    if event.slot == turn.session.slot:
        leave(turn, event)


def pin_rejected(turn: Turn, event: PinRejected) -> None:
    """Never retried by us. At most two wrong tries here, so that one always stays for another day."""
    if turn.session.step is Step.RECORD:
        card_record.record_rejected(turn, event.attempts_left)
        return
    wrong = turn.session.wrong_tries + 1
    turn.edit(wrong_tries=wrong, attempts_left=event.attempts_left, was_wrong=True, consented=False)
    if event.attempts_left == 0:
        notify(turn, "P-202")
    elif wrong >= turn.state.setup.max_wrong_tries:
        notify(turn, "P-201")
    else:
        enter_pin(turn)


def pin_blocked(turn: Turn, _: PinBlocked) -> None:
    notify(turn, "P-202")


def pin_forgotten(turn: Turn, _: object) -> None:
    notify(turn, "P-204" if turn.session.step is Step.RECORD else "P-203")


def pin_back(turn: Turn, _: object) -> None:
    """One question back from the PIN: the card goes back first, then it may be placed again."""
    turn.do(ClosePinSlot(turn.state.setup.card_reader))
    turn.edit(slot="", challenge=None, was_wrong=False)
    return_card(turn)


def no_card(turn: Turn, _: object) -> None:
    notify(turn, "C-111")


def certificate_read(turn: Turn, event: CertificateRead) -> None:
    """Shown only after the secret, as phones do: it is this session's from now on."""
    if turn.session.card is not None:
        card = replace(turn.session.card, certificate=event.certificate, fingerprint=event.fingerprint)
        turn.set(card=card)
        turn.edit(card=card)


def pin_accepted(turn: Turn, _: PinAccepted) -> None:
    turn.edit(slot="", was_wrong=False, is_checking=True)
    turn.go(Phase.SIGNING)
    _sign_when_ready(turn)


def challenge_issued(turn: Turn, event: ChallengeIssued) -> None:
    """Asked for when the card was read, so that it is here before the PIN is."""
    if turn.state.session is None or event.transaction != turn.session.transaction:
        return
    turn.edit(challenge=event.challenge)
    if turn.state.phase is Phase.SIGNING:
        _sign_when_ready(turn)


def _sign_when_ready(turn: Turn) -> None:
    session = turn.session
    if session.challenge is None or session.sign_op is not None:
        return
    op = OpId(turn.token())
    turn.edit(sign_op=op)
    message = bound_message(session.challenge, turn.state.setup.kiosk, session.transaction, bound_kinds(turn))
    turn.do(SignChallenge(turn.state.setup.card_reader, op, message))


def challenge_signed(turn: Turn, event: ChallengeSigned) -> None:
    """The card's PIN work is done: it goes back while the server looks, where the policy has no question left."""
    session = turn.session
    if event.op != session.sign_op or session.card is None:
        return
    if event.fingerprint != session.card.fingerprint:
        notify(turn, "C-108")
        return
    turn.edit(is_verified=True, is_checking=False)
    turn.do(Authenticate(session.transaction, session.card.certificate, event.signature, bound_kinds(turn)))
    advance(turn)


# --- the card goes back, the server answers ---------------------------------------------------------------------------


def enter_card_back(turn: Turn) -> None:
    return_card(turn)


def card_returned(turn: Turn, event: CardRemoved) -> None:
    note_removed(turn, event)
    turn.set(is_staff_called=False if turn.session.card_is_left else turn.state.is_staff_called)
    if turn.session.is_cancelled:
        end(turn)
    elif turn.session.is_authenticated:
        advance(turn)
    elif turn.session.is_verified:
        turn.go(Phase.AUTHENTICATING)
    else:
        _card_again(turn)


def _card_again(turn: Turn) -> None:
    """Another card may come now: what was read of this one is forgotten, and its number is asked again, unless it is
    still held."""
    turn.edit(holder=None, is_unread=False, card_is_left=False)
    face = turn.session.face
    enter(turn, Step.NUMBER if face.way is FaceWay.CAMERA and not face.is_held else Step.CARD)


def card_left(turn: Turn, _: TimerExpired) -> None:
    """Still on the reader: say it aloud; the second time, call staff. The machine serves nobody else meanwhile."""
    if turn.session.card_is_left:
        turn.set(is_staff_called=True)
        return
    turn.edit(card_is_left=True)
    turn.do(StartTimer("stage", turn.state.setup.timeouts.card_lock_s))


def authenticated(turn: Turn, event: Authenticated) -> None:
    if event.transaction != turn.session.transaction:
        return
    turn.edit(
        is_authenticated=True,
        entitlements=event.entitlements,
        certificate_ends_soon=event.certificate_ends_soon,
    )
    if turn.state.phase is Phase.AUTHENTICATING:
        advance(turn)


def authentication_refused(turn: Turn, event: AuthenticationRefused) -> None:
    if event.transaction == turn.session.transaction:
        notify(turn, event.code)


def server_failed(turn: Turn, event: IssuanceFailed) -> None:
    """No usable answer before any money: the whole transaction is invalid, nothing is lost."""
    if event.transaction == turn.session.transaction:
        notify(turn, "X-601" if event.code in ("unreachable", "timeout") else "X-602")
