"""Who may send which intent, and when: one table, for screens and for acts of staff. Pure.

The role is decided by the connection (SO_PEERCRED) or, at the staff desk on the resident's display, by the card of the
person who logged in. What is possible in a phase is the engine's table; here stands only who may.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from kiosk import intents as i
from kiosk.view import Role


class When(enum.Enum):
    """Under what help a role may. Only the assistant's rights hang on it, and EndHelp."""

    ALWAYS = "always"
    BEFORE_HELP = "before_help"
    """Somebody is being served and nobody helps yet."""
    HELPING = "helping"
    HELPING_OPENLY = "helping_openly"
    """And the resident is not alone with a secret, a price or a payment."""
    CALLED = "called"
    """Somebody was called and nobody has said yet that they come."""


AnyKind = type[i.Intent] | type[i.StaffIntent]
Right = Mapping[Role, When]

_RESIDENT: Right = {Role.RESIDENT: When.ALWAYS}
_BOTH: Right = {Role.RESIDENT: When.ALWAYS, Role.ASSISTANT: When.HELPING}
_DEED: Right = {Role.RESIDENT: When.ALWAYS, Role.ASSISTANT: When.HELPING_OPENLY}
_OFFICER: Right = {Role.CASH_OFFICER: When.ALWAYS}
_HANDS: Right = {Role.CASH_OFFICER: When.ALWAYS, Role.TECHNICIAN: When.ALWAYS}
_DESK: Right = {**_HANDS, Role.TREASURER: When.ALWAYS}

MAY: Mapping[AnyKind, Right] = {
    # --- the visit
    i.Begin: _RESIDENT,
    i.Next: _RESIDENT,
    i.Back: {**_DEED, **_DESK},
    i.Cancel: {**_RESIDENT, **_DESK},
    i.KeepGoing: _BOTH,
    i.SetCopies: _DEED,
    i.ChooseOption: _DEED,
    i.ChooseMeans: _RESIDENT,
    i.AskWhich: _RESIDENT,
    i.ChoosePurpose: _RESIDENT,
    i.Rate: _RESIDENT,
    i.ConsentLastTry: _RESIDENT,
    i.TypeNumber: _RESIDENT,
    i.OtherWay: _RESIDENT,
    i.AskStaff: _RESIDENT,
    i.GoToCounter: _RESIDENT,
    i.ForgotPin: _RESIDENT,
    i.NoCard: _RESIDENT,
    i.Taken: _RESIDENT,
    i.GiveBack: _RESIDENT,
    i.ReadAloud: _RESIDENT,
    # --- on every screen of a visit
    i.ChooseLanguage: _BOTH,
    i.SetVoice: _BOTH,
    i.SetLoudness: _RESIDENT,
    i.SetPace: _RESIDENT,
    i.SetCurtain: _RESIDENT,
    i.SetTextSize: _BOTH,
    i.SetContrast: _BOTH,
    i.SetReach: _BOTH,
    i.CallStaff: {Role.RESIDENT: When.ALWAYS, Role.ASSISTANT: When.ALWAYS},
    # --- help
    i.BeginHelp: {Role.ASSISTANT: When.BEFORE_HELP},
    i.AnswerCall: {Role.ASSISTANT: When.CALLED},
    i.EndHelp: {Role.RESIDENT: When.HELPING, Role.ASSISTANT: When.HELPING},
    i.Point: {Role.ASSISTANT: When.HELPING},
    i.Vouch: {Role.ASSISTANT: When.ALWAYS},
    # --- the staff desk on the resident's display
    i.UseSealedCode: {**_RESIDENT, **_DESK},
    i.OpenPage: _DESK,
    i.ShowPaper: _DESK,
    i.PrintPaper: _DESK,
    i.PrintPages: _DESK,
    i.AskWhy: _DESK,
    i.DoAct: _DESK,
    i.SetPieces: _OFFICER,
    i.RunTest: _HANDS,
    # --- acts of staff: what AskWhy and DoAct carry, and what `kiosk-cash` sends
    i.EnterStaff: _DESK,
    i.LeaveStaff: _DESK,
    i.StartExchange: _HANDS,
    i.EndExchange: _OFFICER,
    i.CloseDay: _OFFICER,
    i.CloseIncident: _OFFICER,
    i.NoteIncident: _HANDS,
    i.RecordTest: _HANDS,
    i.SettlePaper: _OFFICER,
    i.SettlePayout: _OFFICER,
    i.SettleNote: _OFFICER,
    i.ClearNotePath: _HANDS,
    i.SettlePayment: _OFFICER,
    i.SettleVoid: _OFFICER,
    i.RedeemSlip: _OFFICER,
    i.RegisterFound: _OFFICER,
    i.HandOverFound: _OFFICER,
}
"""Only a cash officer touches public money; a treasurer reads and changes nothing. A technician's StartExchange is a
`repair` and nothing else, and that and ClearNotePath only beside a cash officer (kiosk/treasury/acts.py). Nobody says
of herself that she is the one on the photo."""


def roles(kind: AnyKind) -> frozenset[Role]:
    """Who may ever send it."""
    return frozenset(MAY[kind])


def may(
    role: Role,
    kind: AnyKind,
    *,
    is_served: bool = False,
    is_helped: bool = False,
    is_private: bool = False,
    is_called: bool = False,
) -> bool:
    """Whether this role may send this now. `is_private`: the resident is alone with what is on her screen."""
    match MAY[kind].get(role):
        case When.ALWAYS:
            return True
        case When.BEFORE_HELP:
            return is_served and not is_helped
        case When.HELPING:
            return is_helped
        case When.HELPING_OPENLY:
            return is_helped and not is_private
        case When.CALLED:
            return is_called
    return False
