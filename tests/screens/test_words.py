"""The catalogues and what they promise; no window is needed."""

from __future__ import annotations

import ast
import datetime as dt
import re
import string
from pathlib import Path

import pytest
from babel.messages import pofile
from hypothesis import given
from hypothesis import strategies as st

from i18n import breaks, dates, exchange, explained
from i18n.catalogue import FOLDER, SOURCE, Catalogue, fallback_of, languages, load
from i18n.message import NOT_FIRST, NOT_LAST, Message, Run, break_lines, names_in, parse, plain
from i18n.po import CatalogueError, read_po
from issuance.town import read_town
from kiosk.engine import remedies
from kiosk.engine.desk_papers import PAPERS
from kiosk.engine.desk_tests import TESTS, Judge
from kiosk.engine.desk_walk import PAGES
from kiosk.engine.taking import OPINIONS
from kiosk.journal.records import Fund
from kiosk.money import Denomination, Yen
from kiosk.treasury import acts, words
from screens import samples
from screens.sample_bodies import PURPOSES
from tests.screens import slip_pictures

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "screens"
KEY = re.compile(r"[a-z_]+(\.[A-Za-z0-9_-]+)+")


def _strings(path: Path) -> set[str]:
    """Every string constant of a module that is not a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    bare = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docs | bare
    }


def _kv_keys() -> set[str]:
    found: set[str] = set()
    for path in SCREENS.rglob("*.kv"):
        found |= set(re.findall(r"^\s+key: '([^']+)'$", path.read_text(encoding="utf-8"), re.M))
    return found


def _py_keys() -> set[str]:
    """String constants that look like a key whose first part the catalogue has."""
    rooms = {key.partition(".")[0] for key in load(SOURCE).keys if "." in key}
    found: set[str] = set()
    for path in SCREENS.rglob("*.py"):
        found |= {s for s in _strings(path) if KEY.fullmatch(s) and s.partition(".")[0] in rooms}
    return {key for key in found if not key.endswith((".kv", ".py", ".sock"))}


ADVICE = (
    *("honseki", "without_number", "ask_first", "old_koseki", "card_is_enough"),
    *("online", "newest_year", "seal", "tax_too"),
)
"""What a town may say of a purpose by a key."""


def _made_keys() -> set[str]:
    """Keys that screens put together from a view's words."""
    kinds = [each.name for each in (ROOT / "issuance" / "certificates").iterdir() if each.is_dir()]
    kinds += read_town(ROOT / "issuance" / "sample").counter_only
    yes_no = ("zokugara", "honseki", "kokuseki", "zairyu_card", "kojin_bango")
    choices = {"whom": ("self", "household", "some")} | dict.fromkeys(yes_no, ("no", "yes"))
    reasons = (
        "starting",
        "closed",
        "certificate-printer",
        "card-reader",
        "cash",
        "server",
        "clock",
        "stopped",
        "journal",
        "maintenance",
        "emergency",
        "emergency.title",
        "other",
    )
    stages = ("checking", "preparing", "issuing", "printing", "delayed", "paying_change")
    moneys = ("returned", "held", "slip", "counted", "voided", "unknown")
    charging = ("touch", "touch_again", "scan", "show", "processing", "proving", "checking")
    return {
        *(f"kind.{kind}{part}" for kind in kinds for part in ("", ".short", ".for")),
        *(f"option.{option}" for option in choices),
        *(f"option.{option}.help" for option in yes_no),
        *("option.tax_year", "option.tax_year.year", "summary.tax_year.year"),
        *(f"assist.care.{care}" for care in ("receipt-near-end", "first-printer", "spare-printer")),
        *(f"option.member{part}" for part in ("", ".aloud", ".no", ".yes")),
        *(f"notice.other.{part}" for part in ("title", "why", "next")),
        *(f"option.{option}.{choice}" for option, all_ in choices.items() for choice in all_),
        *(f"summary.{option}.{choice}" for option, all_ in choices.items() for choice in all_),
        *(f"out.{reason}" for reason in reasons),
        *(f"purpose.{each.purpose}" for each in PURPOSES),
        *(f"advice.{each}" for each in ADVICE),
        *(f"field.{each}" for each in explained.NAMES),
        *(f"done.{each}" for each in ("ease", "alone", "thanks")),
        *(f"done.{question}.{answer}" for question, each in OPINIONS.items() for answer in each),
        *(f"working.{stage}" for stage in stages),
        *(
            f"things.{thing}"
            for thing in ("certificate", "change", "money", "receipt", "coming", "waiting", "taken")
        ),
        *(f"things.slot.{where}" for where in ("left", "right", "upper", "lower")),
        *(f"notice.{code}.{part}" for code in samples.NOTICE_CODES for part in ("title", "why", "next")),
        *(f"money.{each.value}" for each in Denomination),
        *(f"camera.hint.{each}" for each in samples.FACE_HINTS),
        *(f"camera.turn.{each}" for each in ("left", "right", "ahead")),
        *(
            f"number.{part}.{what}"
            for part in ("birth", "expiry", "code")
            for what in ("title", "lead", "example")
        ),
        *(f"number.note.{why}" for why in ("refused", "forgotten", "wrong", "unread")),
        *(
            f"take_{thing}.{part}"
            for thing in ("card", "phone")
            for part in ("title", "ended", "left", "next")
        ),
        *(f"take_{thing}.verified" for thing in ("card", "phone")),
        *(f"face.{each.value}" for each in Denomination if each.is_note),
        *(f"cashless.{stage}.{part}" for stage in charging for part in ("title", "lead")),
        *(f"means.said.{said}" for said in ("declined", "nobody", "trouble")),
        *(f"means.{kind}" for kind in ("scan", "show")),
        *(f"pay.note.{what}" for what in ("returned", "refused", "reach", "staff")),
        *(f"trouble.money.{money}" for money in moneys),
        *(f"trouble.money.{money}.head" for money in ("none", *moneys)),
        *(
            f"bar.{word}{off}"
            for word in ("back", "cancel", "language", "voice", "call")
            for off in ("", ".off")
        ),
        *(f"refusal.N-{number}" for number in range(301, 313)),
        *(f"assist.{screen}.{part}" for screen in (*ASSISTED, "other") for part in ("asked", "say")),
        *(f"assist.code.{letter}" for letter in "CPNMRXF"),
        *(f"assist.code.{code}" for code in ADVISED),
        *_staff_keys(),
    }


def _staff_keys() -> set[str]:
    """Of the staff's screens: what the core names in a view, and what it puts together."""
    named = {
        each
        for path in (
            *sorted((ROOT / "kiosk" / "engine").glob("desk_*.py")),
            ROOT / "kiosk" / "engine" / "remedies.py",
        )
        for each in _strings(path)
        if KEY.fullmatch(each) and each.startswith("desk.")
    }
    notes = ("second", "back", "wait", "unknown", "blocked", "time", "signature", "card", "late", "journal")
    steps = {each for code in remedies.STEPS for each in remedies.steps(code)} | set(remedies.LAST)
    return {
        *named,
        *(f"staff.{secret}.{part}" for secret in ("pin", "code") for part in ("title", "lead")),
        *(f"staff.note.{note}.{part}" for note in notes for part in ("title", "why", "next")),
        *(f"desk.page.{page}" for page in PAGES),
        *(f"desk.role.{role}" for role in ("cash_officer", "technician", "treasurer")),
        *(f"desk.who.{many}" for many in ("one", "two")),
        *(f"desk.purpose.{each}" for each in acts.PURPOSES),
        *(f"desk.start.{each}" for each in acts.PURPOSES),
        *(f"desk.reason.{each}" for each in acts.REASONS),
        *(f"desk.why.{each}" for each in words.WHY),
        *(f"desk.note.{each}" for each in words.NOTES),
        *(f"desk.what.{each}" for each in ("counted", "put_in", "taken_out", "left")),
        *(f"desk.fund.{each.value}" for each in Fund),
        *(f"desk.thing.{each}" for each in acts.THINGS),
        *(f"desk.place.{each}" for each in acts.PLACES),
        *(f"desk.found.to.{each}" for each in acts.RECEIVERS),
        *(f"desk.doubt.{each}{look}" for each in DOUBTS for look in ("", ".look")),
        *(f"desk.test.{each}{how}" for each in TESTS for how in ("", ".how")),
        *(f"desk.test.{each}.look" for each, judge in TESTS.items() if judge is Judge.PERSON),
        *(f"desk.result.{each}" for each in ("never", "passed", "failed")),
        *(f"desk.paper.{each}" for each in (*PAPERS, "earlier", "later")),
        *("desk.test.reader.now", "desk.test.camera.now", "desk.test.staff-reader.now", "desk.faces.any"),
        *(f"desk.camera.{what}" for what in CAMERA),
        *(f"desk.camera.{what}.{word}" for what, words_of in CAMERA.items() for word in words_of),
        *(f"remedy.{each}" for each in steps),
    }


CAMERA = {
    "camera": ("answers", "away", "silent", "lost", "forbidden"),
    "size": (),
    "subject": ("person", "chart", "people", "none"),
    "light": ("dark", "dim", "good", "bright", "glaring"),
    "exposure": ("even", "lost"),
    "mounting": ("upright", "sideways", "upside-down"),
    "sharpness": ("sharp", "soft", "blurred"),
    "aim": ("middle", "high", "low", "aside", "far", "near"),
}
"""What drivers/face/camera_test.py may say."""
DOUBTS = ("paper", "payout", "note", "payment", "void")
ASSISTED = (
    *("Attract", "OutOfService", "Language", "PlaceCard", "EnterPin", "EnterNumber", "LastTry", "TakeCard"),
    *("ChooseKinds", "ChooseOptions", "Confirm", "Pay", "Working", "TakeThings", "Done", "Notice", "Trouble"),
    *("OfferBack", "ChooseMeans", "Cashless", "Returning", "TakeNote", "FaceReady", "FaceCheck", "OtherWays"),
    "StaffLook",
)
"""Screens of the resident for which the assistant's panel has words of its own."""
ADVISED = ("C-101", "C-102", "P-201", "R-501", "R-503", "M-402", "M-403", "X-601")
"""Codes for which staff have advice of their own; the others have their letter's."""

OURS = ("ja", "en")
"""Languages that whoever writes a text writes it in. The others may lag: exchange.py lists what they lack."""


@pytest.mark.parametrize("language", OURS)
def test_every_key_that_is_used_exists(language: str) -> None:
    used = _kv_keys() | _py_keys() | _made_keys()
    assert len(used) > 200
    assert used - load(language).keys == set()


@pytest.mark.parametrize("language", languages())
def test_no_language_has_a_key_that_the_source_lacks(language: str) -> None:
    assert load(language).keys - load(SOURCE).keys == set()
    if language in OURS:
        assert load(language).keys == load(SOURCE).keys


@pytest.mark.parametrize("language", languages())
def test_a_missing_text_is_shown_in_english_then_in_japanese(language: str) -> None:
    entries = {"": load(language)._entries[""]}
    poor = Catalogue(language, entries, load(fallback_of(language)))
    stand_in = "ja" if language in ("en", "ja") or language.startswith("ja-") else "en"
    assert poor.text("pay.title") == load(stand_in).text("pay.title")
    assert poor.template("copies") == load(stand_in).template("copies")
    assert poor.text("no.such.key") == "no.such.key"


def test_what_is_missing_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert exchange.main(["missing"]) == 0
    told = capsys.readouterr().out
    for language in languages():
        assert re.search(rf"^{language} +(complete|\d+ missing)", told, re.M), language


def test_a_text_goes_out_and_comes_back_as_it_was() -> None:
    """What a translator's sheet says of the English catalogue, read again, is the English catalogue."""
    lines = [line.split("\t") for line in exchange.out("en", is_all=True)]
    again = exchange.take_in("en", [f"{line[0]}\t{line[3]}" for line in lines])
    assert {key: entry.forms for key, entry in read_po(again).items() if key} == {
        key: dict(enumerate(load("en").forms(key))) for key in load("en").keys
    }


@pytest.mark.parametrize("language", [each for each in languages() if each in breaks.KINDS])
def test_break_marks_stand_where_the_dictionary_has_a_boundary(language: str) -> None:
    """ICU knows the words of Thai, Burmese and Chinese; a mark inside a word is a mistake of the catalogue."""
    words = load(language)
    for key in words.keys:
        for form in words.forms(key):
            for line in form.replace("**", "").split("\n"):
                whole = line.replace("|", "")
                allowed = set(breaks.boundaries(whole, language))
                at = 0
                for piece in line.split("|")[:-1]:
                    at += len(piece)
                    assert at in allowed, (key, line)


@pytest.mark.parametrize("language", languages())
def test_a_translation_wants_the_values_that_the_source_gives(language: str) -> None:
    source, other = load(SOURCE), load(language)
    for key in source.keys & other.keys:
        wanted = {name for form in source.forms(key) for name in names_in(form)}
        for form in other.forms(key):
            extra = names_in(form) - wanted
            assert not extra or key.startswith(("date.", "era.", "time.")), key
            assert form.count("**") % 2 == 0, key
            assert key in ("pay.list", "summary.between", "confirm.holders") or form.strip() == form, key
            assert form, key


@pytest.mark.parametrize("language", OURS)
def test_every_key_is_used_somewhere(language: str) -> None:
    """A text that nothing shows misleads translators. Slips and dates are used outside the screens."""
    used = _kv_keys() | _py_keys() | _made_keys()
    outside = ("slip.", "date.", "era.", "month.", "weekday.", "time")
    left = {key for key in load(language).keys - used if not key.startswith(outside)}
    left = {key for key in left if not key.startswith("speak.")}  # spoken, put together by role
    plain_keys = {"yen", "copies", "sheets", "number"}
    sheet = {key for key in left if key.startswith("sheet.")}
    assert left - plain_keys - sheet - {"language.name", "refusal.other"} == set()


def test_every_text_of_a_slip_is_on_the_picture_of_one() -> None:
    """Who checks a language sees each text where it stands."""
    seen = {key for _name, _slip, keys in slip_pictures.slips("vi") for key in keys}
    assert {key for key in load("ja").keys if key.startswith("slip.")} - seen == set()


def test_no_visible_string_in_code() -> None:
    for path in sorted(SCREENS.rglob("*.py")):
        if path.name in (
            "samples.py",
            "sample_bodies.py",
            "sample_more.py",
            "sample_screens.py",
            "sample_staff.py",
            "fallback.py",
        ):  # invented views; a picture that must need no catalogue
            continue
        shown = {s for s in _strings(path) if re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", s)}
        assert shown == set(), path
    for path in sorted(SCREENS.rglob("*.kv")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[^\x00-\x7f]", text), path
        assert not re.search(r"^\s+(text|title):", text, re.M), path


def test_yen_and_plural_and_dates() -> None:
    ja, en = load("ja"), load("en")
    assert ja.text("pay.cancel", amount=Yen(1500)) == "「やめる」を押すと、1,500円をお返しします。"
    assert en.text("pay.cancel", amount=Yen(1500)) == "“Stop” gives back ¥1,500."
    assert [en.text("copies", n) for n in (1, 2)] == ["1 copy", "2 copies"]
    assert [ja.text("copies", n) for n in (1, 2)] == ["1通", "2通"]
    assert dates.long_date(ja, dt.date(2026, 11, 20)) == "令和8年11月20日"
    assert dates.long_date(ja, dt.date(2019, 5, 1)) == "令和元年5月1日"
    assert dates.long_date(ja, dt.date(2019, 4, 30)) == "平成31年4月30日"
    assert dates.day(ja, dt.date(2026, 11, 20)) == "11月20日（金）"
    assert dates.clock(ja, 17, 0) == "17時"
    assert dates.fiscal_year(en, 2026).text == "FY 2026 (Reiwa\N{NO-BREAK SPACE}8)"


def test_a_value_that_is_a_text_keeps_its_phrases() -> None:
    """A fiscal year in a choice: a line ends before a bracket, not inside the year."""
    year = dates.fiscal_year(load("zh-Hant"), 2026)
    [paragraph] = load("zh-Hant").message("option.tax_year.year", fiscal=year, before="2025").paragraphs
    said = ["".join(run.text for run in phrase) for phrase in paragraph]
    assert said == ["2026年度", "〈令和8〉", "（2025所得）"]
    [[*_, last]] = parse("**{name}**", {"name": year}, breaks_at_spaces=False).paragraphs
    assert all(run.is_bold for run in last)


def test_a_value_is_never_read_as_marks() -> None:
    message = parse("{name} 様", {"name": "a|b**c{d}\n"}, breaks_at_spaces=False)
    assert message.text == "a|b**c{d}\n 様"
    assert all(not run.is_bold for paragraph in message.paragraphs for phrase in paragraph for run in phrase)


TEXT = st.text(alphabet=string.ascii_letters + "あいうアイウ一二三、。「」（）ーっ 0123", max_size=60)


def _measure(run: Run) -> float:
    return float(sum(1 if letter.isascii() else 2 for letter in run.text))


@given(st.lists(TEXT, min_size=1, max_size=8), st.integers(min_value=4, max_value=40))
def test_breaking_keeps_every_letter_and_kinsoku(phrases: list[str], width: int) -> None:
    message = Message((tuple((Run(phrase),) for phrase in phrases if phrase),))
    lines = break_lines(message, width, _measure)
    kept = "".join(run.text for line in lines for run in line.runs)
    assert kept.replace(" ", "") == "".join(phrases).replace(" ", "")
    starts = {phrase[0] for phrase in phrases if phrase}
    ends = {phrase.rstrip(" ")[-1:] for phrase in phrases}
    for line in lines[1:]:
        first = "".join(run.text for run in line.runs)[:1]
        assert first not in NOT_FIRST or first in starts
    for line in lines[:-1]:
        last = "".join(run.text for run in line.runs)[-1:]
        assert last not in NOT_LAST or last in ends


@pytest.mark.parametrize("language", [each for each in languages() if each == "ja"])
def test_no_line_of_the_catalogue_begins_with_a_closing_mark(language: str) -> None:
    """A break mark stands before a word, never before 、。」."""
    words = load(language)
    for key in words.keys:
        for form in words.forms(key):
            assert not re.search(r"\|[、。」）〉]", form), key
            assert not re.search(r"[「（〈]\|", form), key


def test_a_plain_text_is_one_phrase() -> None:
    assert plain("山＊＊").text == "山＊＊"


@given(st.text(max_size=200))
def test_reading_po_gives_entries_or_an_error(text: str) -> None:
    try:
        read_po(text)
    except CatalogueError:
        return


@pytest.mark.parametrize(
    "text",
    [
        'msgid "a"\nmsgstr "1"\n\nmsgid "a"\nmsgstr "2"\n',
        'msgid "a"\n',
        'msgstr "a"\n',
        '#~ msgid "a"\n#~ msgstr "b"\n',
        'msgid "a"\nmsgid "b"\nmsgstr "c"\n',
        'msgid "a" + "b"\nmsgstr "c"\n',
        'words "a"\n',
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError):
        read_po(text)


@pytest.mark.parametrize("language", languages())
def test_babel_reads_the_same(language: str) -> None:
    """A stranger's reader of the format sees the same texts."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        read = pofile.read_po(file, abort_invalid=True)
    found = {
        message.id[0] if isinstance(message.id, tuple) else message.id: (
            tuple(message.string) if isinstance(message.string, tuple) else (message.string,)
        )
        for message in read
        if message.id
    }
    ours = load(language)
    assert found == {key: ours.forms(key) for key in ours.keys}


def test_a_text_in_a_kv_file_needs_no_value() -> None:
    """It is shown before a view has given any."""
    words = load(SOURCE)
    assert {key for key in _kv_keys() if any(names_in(form) for form in words.forms(key))} == set()
