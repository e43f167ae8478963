"""What a screen may ask. An intent carries the `step` of the view it was made on; a stale one is refused, so a
double tap is one action and a coin that arrives never eats a Cancel. No intent can carry a secret."""

from __future__ import annotations

import msgspec

from kiosk.ids import DeviceId, LineId, OpId
from kiosk.journal.records import Share, UnitAfter
from kiosk.money import Yen

LOUDNESS_STEPS, LOUDNESS_USUAL = 7, 2
PACE_STEPS, PACE_USUAL = 7, 2
"""Of the voice; everybody begins with the usual ones."""

CONTRASTS = ("normal", "low", "black", "yellow")
"""Dark on white; dark on warm paper without glare; white on black; yellow on black."""


class Intent(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """A wish of the person at the screen."""

    step: int


class Begin(Intent, frozen=True):
    """Leave the idle screen."""


class ChooseLanguage(Intent, frozen=True):
    """Possible on every screen, without losing the place. BCP 47: `ja`, `en`."""

    language: str


class Next(Intent, frozen=True):
    """The one main action of the screen."""


class Back(Intent, frozen=True):
    """One question back."""


class Cancel(Intent, frozen=True):
    """End it; money inside comes back."""


class KeepGoing(Intent, frozen=True):
    """「つづける」: not a cancel, or still there."""


class CallStaff(Intent, frozen=True):
    """A person, please. Possible on every screen."""


class SetCopies(Intent, frozen=True):
    kind: str
    copies: int


class ChooseOption(Intent, frozen=True):
    kind: str
    option: str
    choice: str


class ChooseMeans(Intent, frozen=True):
    """Pay with this: `cash`, or a brand's key. One means per payment."""

    means: str


class AskWhich(Intent, frozen=True):
    """「どれが必要？」: which certificate do I need?"""


class ChoosePurpose(Intent, frozen=True):
    """This is what it is for: a key of the town's purposes."""

    purpose: str


class Rate(Intent, frozen=True):
    """An answer on the last screen. `question` as shown, so that a late touch never answers the next one."""

    question: str
    answer: str


class ConsentLastTry(Intent, frozen=True):
    """Yes, use the last try."""


class TypeNumber(Intent, frozen=True):
    """The number on the card by keys, not read off it by the camera."""


class OtherWay(Intent, frozen=True):
    """Not by the camera: what else is there?"""


class AskStaff(Intent, frozen=True):
    """A member of staff looks instead of the camera."""


class GoToCounter(Intent, frozen=True):
    """Everything at the counter instead."""


class Vouch(Intent, frozen=True):
    """Staff only, on their own panel: the person is the one on the card's photo."""


class ForgotPin(Intent, frozen=True):
    """The number is not known: card back, and where it can be set again."""


class NoCard(Intent, frozen=True):
    """There is no card: what to do instead."""


class Taken(Intent, frozen=True):
    """`certificate`, `receipt`, `change`: only where no sensor says it."""

    thing: str


class GiveBack(Intent, frozen=True):
    """After a restart: the resident asks for the money that is inside. This is the authority for the payout."""


class SetVoice(Intent, frozen=True):
    is_on: bool


class SetLoudness(Intent, frozen=True):
    """0 to LOUDNESS_STEPS - 1, in steps of 3 dB."""

    level: int


class SetPace(Intent, frozen=True):
    """How fast the voice speaks: 0 to PACE_STEPS - 1."""

    level: int


class SetCurtain(Intent, frozen=True):
    """Make the screen dark, or light again. Only while the voice is on."""

    is_on: bool


class ReadAloud(Intent, frozen=True):
    """Read my certificate to me, or stop. After printing, and only to who alone can hear it."""

    is_on: bool


class SetTextSize(Intent, frozen=True):
    """`S`, `M`, `L`, `XL`."""

    size: str


class SetContrast(Intent, frozen=True):
    """One of CONTRASTS."""

    contrast: str


class SetReach(Intent, frozen=True):
    """Every control where a seated person reaches it, or where it is otherwise."""

    is_low: bool


class BeginHelp(Intent, frozen=True):
    """The assistant: I stand beside this person now. The resident's screen says so."""


class AnswerCall(Intent, frozen=True):
    """The assistant: I am coming. Once more where nobody is being served: I was there, it is settled."""


class EndHelp(Intent, frozen=True):
    """Help is over. The resident may say it at any moment, and so may the assistant."""


class Point(Intent, frozen=True):
    """The assistant: look here. `target` is a key of the resident's layout (engine/helping.py: TARGETS)."""

    target: str


# --- staff ------------------------------------------------------------------------------------------------------------


class StaffIntent(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """A wish of an identified person of the staff, from `kiosk-cash` or a maintenance screen.

    It carries no `step`: each names the very thing that it settles, and a thing is settled once.
    """


class EnterStaff(StaffIntent, frozen=True):
    """I am at the machine. A technician opens a cash path only while a cash officer is."""


class LeaveStaff(StaffIntent, frozen=True):
    """I am going."""


class StartExchange(StaffIntent, frozen=True):
    """Open these units. `purpose`: `replenish` 補充, `collect` 回収, `recount` 精査, `repair` (a technician)."""

    purpose: str
    units: tuple[DeviceId, ...]


class EndExchange(StaffIntent, frozen=True):
    """They are closed again, and this was done. `shares` empty: the usual funds of the purpose."""

    exchange: str
    units: tuple[UnitAfter, ...] = ()
    shares: tuple[Share, ...] = ()
    reason: str = ""
    note: str = ""


class CloseDay(StaffIntent, frozen=True):
    """日締め, now."""


class NoteIncident(StaffIntent, frozen=True):
    """Something for whoever looks at it next; the incident stays open."""

    incident: str
    note: str


class RecordTest(StaffIntent, frozen=True):
    """A test of the machine was done at its staff desk, and this came of it (kiosk/engine/desk_tests.py: TESTS)."""

    test: str
    has_passed: bool
    touch: tuple[int, ...] = ()
    """Of a calibration: the correction that was tried and found good (SessionView.touch)."""


class CloseIncident(StaffIntent, frozen=True):
    """It was looked at; `reason` says with what result."""

    incident: str
    reason: str


class SettlePaper(StaffIntent, frozen=True):
    """A paper in doubt: it did, or did not, come out."""

    line: LineId
    came_out: bool
    reason: str


class SettlePayout(StaffIntent, frozen=True):
    """Of a payout in doubt so many pieces, all told, did go out."""

    op: OpId
    pieces: int
    reason: str


class SettleNote(StaffIntent, frozen=True):
    """A note in doubt lies in `unit`, or (empty) its owner has it back."""

    op: OpId
    unit: DeviceId
    reason: str


class ClearNotePath(StaffIntent, frozen=True):
    """The note unit was opened and its path is free of notes: it may start anew (a reset moves what lies in it)."""

    reason: str


class SettlePayment(StaffIntent, frozen=True):
    """A cashless payment in doubt (処理未了): the terminal's company says that it was taken, or was not."""

    op: OpId
    was_taken: bool
    reason: str


class SettleVoid(StaffIntent, frozen=True):
    """A void in doubt: it was done, or the payment stands."""

    op: OpId
    was_done: bool
    reason: str


class RedeemSlip(StaffIntent, frozen=True):
    """The counter has paid this slip (戻出), whole."""

    slip: str


class RegisterFound(StaffIntent, frozen=True):
    """遺失物: somebody left it behind."""

    what: str
    place: str
    amount: Yen = Yen(0)
    number: str = ""


class HandOverFound(StaffIntent, frozen=True):
    found: str
    to: str


AnyStaffIntent = (
    EnterStaff
    | LeaveStaff
    | StartExchange
    | EndExchange
    | CloseDay
    | NoteIncident
    | RecordTest
    | CloseIncident
    | SettlePaper
    | SettlePayout
    | SettleNote
    | ClearNotePath
    | SettlePayment
    | SettleVoid
    | RedeemSlip
    | RegisterFound
    | HandOverFound
)


# --- the staff desk on the resident's display -------------------------------------------------------------------------


class OpenPage(Intent, frozen=True):
    """Show this page of the desk (kiosk/engine/desk_walk.py: PAGES), about this."""

    page: str
    of: str = ""


class ShowPaper(Intent, frozen=True):
    """A paper of the treasury, on the screen. `report`, `of`: as kiosk/ipc/staff_wire.py: Read."""

    report: str
    of: str = ""


class PrintPaper(Intent, frozen=True):
    """The paper that is shown, on the receipt printer."""


class PrintPages(Intent, frozen=True):
    """The same as A4 pages, on the certificate printer."""


class SetPieces(Intent, frozen=True):
    """In the exchange that is open: so many of this face were `counted`, `put_in`, `taken_out` of this unit, or are
    `left` in it. Of unit `found`: so many `yen` were left behind at the place `face`."""

    unit: DeviceId
    face: str
    what: str
    pieces: int


class UseSealedCode(Intent, frozen=True):
    """Staff whose card opens nothing have a code out of the town's safe (kiosk/engine/two_people.py)."""


class RunTest(Intent, frozen=True):
    """Let the machine do its part of a test: move paper, play a sound, look."""

    test: str


class AskWhy(Intent, frozen=True):
    """This act wants a reason: show the reasons to choose from."""

    act: AnyStaffIntent


class DoAct(Intent, frozen=True):
    """This act, by the person who is logged in at the desk."""

    act: AnyStaffIntent


AnyIntent = (
    Begin
    | ChooseLanguage
    | Next
    | Back
    | Cancel
    | KeepGoing
    | CallStaff
    | SetCopies
    | ChooseOption
    | ChooseMeans
    | AskWhich
    | ChoosePurpose
    | Rate
    | ConsentLastTry
    | TypeNumber
    | OtherWay
    | AskStaff
    | GoToCounter
    | Vouch
    | ForgotPin
    | NoCard
    | Taken
    | GiveBack
    | SetVoice
    | SetLoudness
    | SetPace
    | SetCurtain
    | ReadAloud
    | SetTextSize
    | SetContrast
    | SetReach
    | BeginHelp
    | AnswerCall
    | EndHelp
    | Point
    | OpenPage
    | ShowPaper
    | PrintPaper
    | PrintPages
    | SetPieces
    | RunTest
    | UseSealedCode
    | AskWhy
    | DoAct
)
