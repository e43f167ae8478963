"""What a screen may show: one frozen snapshot, whole each time. A screen computes nothing from it."""

from __future__ import annotations

import enum

import msgspec

from kiosk.ids import DeviceId
from kiosk.intents import AnyIntent, OpenPage, ShowPaper
from kiosk.money import Denomination, Yen


class Role(enum.Enum):
    """Who looks. Decided by the socket's peer credentials, never by the peer's words."""

    RESIDENT = "resident"
    ASSISTANT = "assistant"
    TECHNICIAN = "technician"
    CASH_OFFICER = "cash_officer"
    TREASURER = "treasurer"


class Body(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """The data of one screen. The tag chooses the screen."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    here: Yen
    counter: Yen


class Elsewhere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The nearest other place that can do it, in the language of the view."""

    name: str
    way: str = ""
    hours: str = ""


class Attract(Body, frozen=True):
    """Idle: can I do it here, now?"""

    town: str
    place: str
    open_until: str
    prices: tuple[Price, ...]
    is_cash_open: bool
    """False: said before anything is begun (釣銭切れ or the cash unit is down)."""
    is_cashless_open: bool = False
    """Some brand can be paid with now."""
    has_cashless: bool = False
    """The town takes cashless here at all: without `is_cashless_open` it is cash only today."""
    hours: str = ""
    """When the machine can be used, in the town's words."""
    announcements: tuple[str, ...] = ()
    """The town's notices of today."""


class OutOfService(Body, frozen=True):
    """`reason`: `starting`, `closed`, `certificate-printer`, `receipt-printer`, `card-reader`, `cash`,
    `server`, `clock`, `stopped`, `journal`, `maintenance` (somebody works at the machine), `emergency` (leave the
    building: nothing else is said)."""

    town: str
    reason: str
    code: str
    nearest: Elsewhere | None = None
    phone: str = ""
    """To be called, where no staff are there."""


class Language(Body, frozen=True):
    """Which language?"""


class PlaceCard(Body, frozen=True):
    """Where does the card go? `is_reading` once it lies there."""

    is_reading: bool = False


class OfferFace(Body, frozen=True):
    """Before anything of it: what the camera is for, that nothing is kept, and that there is an equal other way."""

    can_show: bool = False
    """The card's front may be held to the camera; else its number is typed."""


class ShowCard(Body, frozen=True):
    """Hold the card's front to the camera. No picture, and nothing of what stands on it."""

    hint: str
    """CardHintCode: `no_card`, `come_closer`, `tilt`, `hold_still`; empty: the camera is opening."""


class EnterNumber(Body, frozen=True):
    """One of three questions about what is printed on the card. The digits never come here."""

    slot: str
    """Empty: the slot is opening."""
    part: str
    """`birth`, `expiry`, `code`."""
    length: int
    note: str = ""
    """Why it is asked (again): `refused`, `forgotten`, `wrong`, `unread` (the camera could not)."""
    keyed: int = 0
    """How many digits are in on the ten-key."""


class FaceReady(Body, frozen=True):
    """The camera opens with the next touch."""


class HeadBox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the face is, in parts of the picture, as in a mirror."""

    left: float
    top: float
    right: float
    bottom: float


class FaceCheck(Body, frozen=True):
    """What to do now. No picture: the screen draws a head where the box is."""

    hint: str
    """FaceHintCode: `no_face` … `good`."""
    turn: str = ""
    """`left`, `right` (the person's own), `ahead` (back again), or nothing is asked."""
    head: HeadBox | None = None


class OtherWays(Body, frozen=True):
    """Never a refusal: staff look, or the counter."""

    can_call: bool
    """Staff can say here that they looked."""
    can_retry: bool
    """The camera once more."""
    was_checked: bool


class StaffLook(Body, frozen=True):
    """Staff come; the card stays where it is."""


class EnterPin(Body, frozen=True):
    """Resident only. `slot` empty: the slot is opening, or the card is checking. The digits never come here; `keyed` is
    how many the ten-key beside the screen holds.
    """

    slot: str
    attempts_left: int
    length: int
    is_checking: bool = False
    was_wrong: bool = False
    keyed: int = 0
    is_record: bool = False
    """The PIN of the card's own record (券面事項入力補助用), not the one that signs."""


class LastTry(Body, frozen=True):
    """One try left: use it, or go to the counter?"""


class TakeCard(Body, frozen=True):
    """Lift the card, or the phone. `is_verified`: identity proven; `is_left`: it has been lying there too long;
    `is_unread`: it could not be read and may be placed again."""

    is_verified: bool
    is_left: bool = False
    is_phone: bool = False
    is_unread: bool = False


class Cheaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Said before it is ordered: elsewhere it costs this."""

    kind: str
    place: str
    fee: Yen


class KindChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    fee: Yen
    copies: int
    max_copies: int
    refusal: str = ""


class ChooseKinds(Body, frozen=True):
    kinds: tuple[KindChoice, ...]
    copies: int
    total: Yen
    has_guide: bool = False
    """The town says which one is wanted for what."""


class PurposeChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    purpose: str
    name: str = ""
    """The town's own, in the language of the view; empty: the catalogue's `purpose.KEY`."""


class ChoosePurpose(Body, frozen=True):
    """What is it for?"""

    purposes: tuple[PurposeChoice, ...]


class Advice(Body, frozen=True):
    """For this, that one, with these options; and what to know before ordering.

    `state`: `open` (it can be chosen), `counter` (not from this machine), `refused` (not for this person).
    """

    purpose: PurposeChoice
    kind: str
    fee: Yen
    state: str
    options: tuple[tuple[str, str], ...] = ()
    advice: tuple[str, ...] = ()
    """Texts `advice.KEY`."""
    note: str = ""
    cheaper: tuple[Cheaper, ...] = ()


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    option: str
    choices: tuple[str, ...]
    chosen: str
    label: str = ""
    """Whom the question is about, where it is about one person of a household."""


class ChooseOptions(Body, frozen=True):
    kind: str
    questions: tuple[Question, ...]


class OrderSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    options: tuple[tuple[str, str], ...]
    copies: int
    sheets: int
    fee: Yen
    holders: tuple[str, ...] = ()
    """Masked, from the document's own text: who stands on the paper."""


class Confirm(Body, frozen=True):
    """Never the content. `applicant` is masked."""

    applicant: str
    lines: tuple[OrderSummary, ...]
    copies: int
    sheets: int
    total: Yen
    cheaper: tuple[Cheaper, ...] = ()


class Pay(Body, frozen=True):
    """Coins arrive one by one. `is_closing`: enough is in, the slot is closed; `is_returning`: it comes back."""

    due: Yen
    inserted: Yen
    remaining: Yen
    accepted: tuple[Denomination, ...]
    refused: tuple[Denomination, ...]
    is_exact_only: bool
    """釣銭切れ, said before a coin is taken."""
    is_closing: bool = False
    short: tuple[Denomination, ...] = ()
    """Faces that the machine knows and cannot give change for now: said before one is put in."""
    note: str = ""
    """What became of the last note: `returned` or `refused`; empty: nothing to say."""
    note_trouble: str = ""
    """Why no note can be taken: `reach` (she can pull it out herself) or `staff`; empty: none, or no note unit."""


class Means(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`means` is `cash` or a brand's key; `kind`: `cash`, `emoney`, `credit`, `scan`, `show`; `name`: the brand's own,
    in the language of the view (empty for cash)."""

    means: str
    kind: str
    name: str = ""
    is_open: bool = True


class ChooseMeans(Body, frozen=True):
    """How to pay, and which paper comes with it (領収書 or 利用明細), before it is chosen.

    `said`: why the one before was nothing: `declined`, `nobody`, `trouble`; empty: the first time.
    """

    due: Yen
    means: tuple[Means, ...]
    said: str = ""


class Cashless(Body, frozen=True):
    """Pay at the terminal, or with a phone.

    `stage`: `touch`, `touch_again` (pulled away too early), `scan` (the phone's code to the camera), `show` (`payload`
    is the code for the phone), `processing`, `checking` (nobody can say yet: no cash, no second try), `proving` (before
    it is asked).
    """

    due: Yen
    kind: str
    name: str
    stage: str
    payload: str = ""


class TakeNote(Body, frozen=True):
    """A note waits in the bezel. `amount`: all that is being given back. `is_late`: it has been waiting too long."""

    amount: Yen
    is_late: bool = False


class Returning(Body, frozen=True):
    """Money is coming back. `name`: the brand that is voided (empty: cash); `stage`: `touch` or `processing`."""

    amount: Yen
    name: str = ""
    stage: str = ""


class Working(Body, frozen=True):
    """Real progress: sheets out of sheets, and seconds still needed."""

    stage: str
    """`checking`, `preparing`, `issuing`, `printing`, `delayed`, `paying_change`."""
    sheets_done: int = 0
    sheets: int = 0
    seconds_left: int = 0


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`certificate`, `spare` (a certificate of the spare printer), `change`, `money` (held, given back), `receipt`;
    `state`: `coming`, `waiting`, `taken`; `slot`: where it lies, if the machine says (`left`, `right`, `upper`,
    `lower`)."""

    thing: str
    state: str
    sheets: int = 0
    amount: Yen = Yen(0)
    has_sensor: bool = False
    is_statement: bool = False
    """The small paper is a 利用明細, never called a 領収書."""
    slot: str = ""


class TakeThings(Body, frozen=True):
    things: tuple[Thing, ...]


class Done(Body, frozen=True):
    """Next time also at a convenience store."""

    certificate_ends_soon: bool = False
    question: str = ""
    """`ease`, `alone`; empty: both are answered, or nothing is asked."""
    is_rated: bool = False


class Notice(Body, frozen=True):
    """Something could not be done, nothing is lost: one cause (`code`), one message, one next step. Text
    key `notice.CODE`."""

    code: str


class Trouble(Body, frozen=True):
    """Something is open: a person is needed. `number` is what staff ask for.

    `money`: `none`, `returned`, `held`, `slip`, `counted` (how much is not known before a person has counted), `voided`
    (a cashless payment was undone), `unknown` (nobody can say whether it was taken: pay nothing more).
    """

    code: str
    number: str
    money: str
    amount: Yen = Yen(0)


class OfferBack(Body, frozen=True):
    """After a restart: this much was inside; give it back? `name`: the brand that it was paid with; empty: cash."""

    amount: Yen
    name: str = ""


class AssistKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate as the assistant may choose it: no fee, and not why one is not to be had."""

    kind: str
    copies: int
    max_copies: int
    is_open: bool


class Assisted(Body, frozen=True, omit_defaults=True):
    """The assistant's projection: which screen the resident has, the public code, whether to look away, and what may
    be chosen for her. No name, no amount, no count of digits or tries."""

    screen: str
    code: str
    is_private: bool
    kinds: tuple[AssistKind, ...] = ()
    kind: str = ""
    """The certificate whose content is being asked about."""
    questions: tuple[Question, ...] = ()
    cares: tuple[str, ...] = ()
    """What staff should see to while the machine goes on: `receipt-near-end`, `first-printer` (the spare prints),
    `spare-printer`. Text key `assist.care.CARE`."""


class StaffPin(Body, frozen=True):
    """The PIN of a member of staff's own card. The digits never come here."""

    slot: str
    shortest: int
    length: int
    """At most so many digits."""
    attempts_left: int
    keyed: int = 0
    was_wrong: bool = False
    is_checking: bool = False
    is_code: bool = False
    """A sealed code and no card's PIN: nothing counts its tries."""


class StaffNote(Body, frozen=True):
    """One thing to be told to whoever logs in. `code`: `back` (take the card), `wait`, `unknown`, `blocked`, `time`,
    `signature`, `card`, `late`, `journal`, `second` (another person must open it, too)."""

    code: str
    is_card_there: bool = False
    ends_at_s: float = 0.0
    """Of a wait, CLOCK_MONOTONIC."""
    facts: tuple[tuple[str, str], ...] = ()
    """For the text: from when to when a card is good, and what this machine believes the time to be."""


class DeskLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a page: a text with its values; a value that begins with `@` is itself a text's key."""

    key: str
    values: tuple[tuple[str, str], ...] = ()
    mark: str = ""
    """`ok`, `bad`, `doubt`, or nothing."""
    opens: OpenPage | ShowPaper | None = None
    """Touching it asks for this."""


class DeskButton(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    key: str
    asks: AnyIntent
    values: tuple[tuple[str, str], ...] = ()
    is_main: bool = False


class DeskPad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many pieces? The answer is a SetPieces."""

    unit: DeviceId
    face: str
    what: str
    pieces: int
    """As typed before; -1: not yet."""


class PaperLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of a paper of the treasury; `right` is set flush right."""

    text: str
    right: str = ""
    is_bold: bool = False


class StaffDesk(Body, frozen=True, omit_defaults=True):
    """A page of the staff desk."""

    page: str
    who: str
    role: str
    beside: str = ""
    of: str = ""
    is_clock_doubtful: bool = False
    lines: tuple[DeskLine, ...] = ()
    buttons: tuple[DeskButton, ...] = ()
    pad: DeskPad | None = None
    paper: tuple[PaperLine, ...] = ()
    said: tuple[str, str] = ("", "")
    """What became of the last act, Japanese and English."""
    is_refused: bool = False
    is_done: bool = False
    """Of the page of the steps: the machine says that the fault is gone."""
    is_sounding: bool = False
    """A tone is to be heard now: the test of the sound."""


class StepBar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    now: int
    total: int


class StillThere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The overlay 「つづけますか」 with the moment at which the session ends."""

    ends_at_s: float
    """CLOCK_MONOTONIC of this machine."""
    has_money: bool = False


AnyBody = (
    Attract
    | OutOfService
    | Language
    | PlaceCard
    | OfferFace
    | ShowCard
    | EnterNumber
    | FaceReady
    | FaceCheck
    | OtherWays
    | StaffLook
    | EnterPin
    | LastTry
    | TakeCard
    | ChooseKinds
    | ChoosePurpose
    | Advice
    | ChooseOptions
    | Confirm
    | ChooseMeans
    | Cashless
    | Pay
    | Returning
    | TakeNote
    | Working
    | TakeThings
    | Done
    | Notice
    | Trouble
    | OfferBack
    | Assisted
    | StaffPin
    | StaffNote
    | StaffDesk
)


TOUCH_LIMITS = (
    *((800_000, 1_250_000), (-200_000, 200_000), (-150_000, 150_000)),
    *((-200_000, 200_000), (800_000, 1_250_000), (-150_000, 150_000)),
)
"""Of each millionth of SessionView.touch: more than this is no panel that was mounted askew, it is a mistake."""


def is_near(touch: tuple[int, ...]) -> bool:
    """Whether this is a correction that a panel can need."""
    return len(touch) == len(TOUCH_LIMITS) and all(
        low <= each <= high for each, (low, high) in zip(touch, TOUCH_LIMITS, strict=True)
    )


class SessionView(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of what one role sees. `rev` grows with each publish; `step` changes only when `intents` change."""

    rev: int
    step: int
    role: Role
    language: str
    languages: tuple[str, ...]
    text_size: str
    contrast: str
    is_voice_on: bool
    bar: StepBar | None
    intents: tuple[str, ...]
    """The tags of the intents that are possible now."""
    body: AnyBody
    still_there: StillThere | None = None
    loudness: int = 2
    pace: int = 2
    """Of the voice: a step of intents.LOUDNESS_STEPS, of PACE_STEPS."""
    is_reading: bool = False
    """A certificate is being read to its owner: the screens' own voice is still."""
    is_curtained: bool = False
    """Nothing is to be seen; everything is heard."""
    is_staff_called: bool = False
    called_at_s: float | None = None
    """CLOCK_MONOTONIC of this machine when staff were called; the screen says how long ago that is. To a resident only
    where somebody waits for them: not what the machine wants of staff while nobody is there."""
    is_call_answered: bool = False
    """Somebody said that they are coming."""
    usual_wait_s: int | None = None
    """How long it mostly takes here until somebody is there; None: not known."""
    is_training: bool = False
    """Nothing here is real: every screen says so."""
    is_helped: bool = False
    is_helper_here: bool = False
    """The helper has no panel of her own: what is written for her stands on this screen."""
    is_low_reach: bool = False
    phone: str = ""
    """Staff were called while nobody is there: the number to be called instead."""
    touch: tuple[int, ...] = ()
    """The resident's panel: where a finger is, from where it is felt (screens/touch.py); empty: as it is felt."""
    pointed: str = ""
    """What the assistant points at: a key of the layout."""
