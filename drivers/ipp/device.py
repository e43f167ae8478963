"""What a printer's answers mean for paper and money. Pure. RFC 8011 §5.3, §5.4; PWG 5100.9 (reasons).

A print is CONFIRMED only by three things together: the job is `completed`, the printer counted every page,
and it stands idle with nothing in its path. `completed` alone says that data was taken, not that paper came
out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from drivers.ipp.codec import (
    Attribute,
    Group,
    Member,
    Operation,
    ValueTag,
    boolean,
    collection,
    integer,
    text,
)
from kiosk.ids import DeviceId, OpId
from kiosk.ports import Event, Outcome, PageImprinted, PrintEnded

# --- the printer --------------------------------------------------------------------------------------------


class PrinterState(enum.IntEnum):
    """RFC 8011 §5.4.11."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


PATH_REASONS = frozenset({"media-jam", "cover-open", "door-open", "interlock-open", "output-area-full"})
"""Paper may lie half-way: nothing is proven while one of these stands."""

BLOCKING_REASONS = PATH_REASONS | {
    "connecting-to-device",
    "developer-empty",
    "fuser-over-temp",
    "fuser-under-temp",
    "input-tray-missing",
    "marker-supply-empty",
    "marker-supply-missing",
    "marker-waste-full",
    "media-empty",
    "media-needed",
    "moving-to-paused",
    "offline",
    "opc-life-over",
    "output-tray-missing",
    "paused",
    "shutdown",
    "spool-area-full",
    "stopping",
    "timed-out",
    "toner-empty",
}
"""The next page would not come out. The severity suffix is not asked: printers disagree about it (`-report`
for an empty tray). A keyword that we do not know blocks only when the printer itself calls it an error."""

_SUFFIXES = ("-error", "-warning", "-report")

PRINTER_WANTED = (
    "document-format-supported",
    "media-ready",
    "media-source-supported",
    "media-supported",
    "operations-supported",
    "print-scaling-supported",
    "printer-device-id",
    "printer-firmware-string-version",
    "printer-input-tray",
    "printer-is-accepting-jobs",
    "printer-make-and-model",
    "printer-state",
    "printer-state-reasons",
    "printer-uuid",
    "sides-supported",
)

_OPERATIONS_NEEDED = (
    Operation.CREATE_JOB,
    Operation.SEND_DOCUMENT,
    Operation.CANCEL_JOB,
    Operation.GET_JOB_ATTRIBUTES,
    Operation.GET_JOBS,
)


class Paper(msgspec.Struct, frozen=True):
    """How a certificate is printed: `media`, `sides` and `tray` (media-source) as IPP names them. Without a tray the
    printer chooses where A4 lies."""

    media: str = "iso_a4_210x297mm"
    sides: str = "one-sided"
    tray: str = ""

    def template(self) -> tuple[Attribute, ...]:
        """Job attributes. With fidelity asked for, a printer that cannot do one of them refuses the job."""
        return (
            integer("copies", 1),
            self._media(),
            text(ValueTag.KEYWORD, "print-scaling", "none"),
            text(ValueTag.KEYWORD, "sides", self.sides),
        )

    def _media(self) -> Attribute:
        if not self.tray:
            return text(ValueTag.KEYWORD, "media", self.media)
        # PWG 5100.3: `media` or `media-col`, never both; sizes in hundredths of a millimetre.
        x, y = (int(each) * 100 for each in self.media.rpartition("_")[2].removesuffix("mm").split("x"))
        size: Mapping[str, Member] = {"x-dimension": x, "y-dimension": y}
        return collection("media-col", {"media-size": size, "media-source": self.tray})


FIDELITY = boolean("ipp-attribute-fidelity", True)


class PrinterFacts(msgspec.Struct, frozen=True):
    """What one Get-Printer-Attributes said. `obstacles` are why the next page would not come out; empty =
    ready."""

    is_idle: bool
    reasons: tuple[str, ...]
    obstacles: tuple[str, ...]
    unfit: tuple[str, ...]
    """What it cannot do at all: the wrong printer, or the wrong settings (subset of `obstacles`)."""
    identity: str
    sheets: int | None = None
    """What lies in the trays that our paper comes from; None: the printer does not say."""

    @property
    def is_ready(self) -> bool:
        return self.is_idle and not self.obstacles

    @property
    def has_path_trouble(self) -> bool:
        return not PATH_REASONS.isdisjoint(self.reasons)


def printer_facts(group: Group, paper: Paper) -> PrinterFacts:
    state = group.integer("printer-state")
    reasons, blocking = _reasons(group.strings("printer-state-reasons"))
    unfit = _unfit(group, paper)
    obstacles = list(blocking)
    ready = group.strings("media-ready")
    if ready and paper.media not in ready and "media-needed" not in obstacles:
        obstacles.append("media-needed")
    if group.boolean("printer-is-accepting-jobs") is False:
        obstacles.append("not-accepting")
    if state == PrinterState.STOPPED and not obstacles:
        obstacles.append("stopped")
    if state not in tuple(PrinterState):
        obstacles.append("no-state")
    return PrinterFacts(
        is_idle=state == PrinterState.IDLE,
        reasons=reasons,
        obstacles=(*obstacles, *unfit),
        unfit=unfit,
        identity=_identity(group),
        sheets=_sheets(group, paper),
    )


def _reasons(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All reasons without suffix, and those that stop the next page; each once, in the printer's order."""
    plain: dict[str, bool] = {}
    for word in words:
        suffix = next((each for each in _SUFFIXES if word.endswith(each)), "")
        keyword = word.removesuffix(suffix)
        if keyword not in ("none", ""):
            blocks = keyword in BLOCKING_REASONS or suffix == "-error"
            plain[keyword] = plain.get(keyword, False) or blocks
    return tuple(plain), tuple(each for each, blocks in plain.items() if blocks)


def _sheets(group: Group, paper: Paper) -> int | None:
    """From printer-input-tray (PWG 5100.13 §5.6.13: prtInputTable as `key=value;`), of the configured tray, or of all
    where the printer chooses. A level below 0 is no count (RFC 3805 prtInputCurrentLevel: -1, -2, -3)."""
    attribute = group.find("printer-input-tray")
    if attribute is None:
        return None
    trays = [_pairs(each.content) for each in attribute.values]
    if paper.tray:
        sources = group.strings("media-source-supported")
        named = [each for each in trays if each.get("name", "").lower() == paper.tray]
        is_in_order = len(sources) == len(trays) and paper.tray in sources
        trays = named or ([trays[sources.index(paper.tray)]] if is_in_order else [])
    levels = [_number(each.get("level", "")) for each in trays]
    return sum(each for each in levels if each is not None) if levels and None not in levels else None


def _pairs(content: object) -> dict[str, str]:
    said = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    return dict(each.split("=", 1) for each in said.split(";") if "=" in each)


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 7 else None


def _unfit(group: Group, paper: Paper) -> tuple[str, ...]:
    operations = group.integers("operations-supported")
    wants = (
        ("no-pdf", "application/pdf" in group.strings("document-format-supported")),
        ("no-media", paper.media in group.strings("media-supported")),
        ("no-tray", not paper.tray or paper.tray in group.strings("media-source-supported")),
        ("no-true-size", "none" in group.strings("print-scaling-supported")),
        ("no-sides", paper.sides in group.strings("sides-supported")),
        ("no-operations", all(each in operations for each in _OPERATIONS_NEEDED)),
    )
    return tuple(code for code, is_there in wants if not is_there)


def _identity(group: Group) -> str:
    """Maker, model, serial number or UUID, firmware: what a fleet's inventory wants to know."""
    names = ("printer-make-and-model", "printer-uuid", "printer-firmware-string-version")
    said = [value for name in names for value in group.strings(name)[:1] if value]
    fields = dict(
        each.split(":", 1) for each in ";".join(group.strings("printer-device-id")).split(";") if ":" in each
    )
    serial = next((fields[key] for key in ("SN", "SERN", "SERIALNUMBER") if key in fields), "")
    return " ".join([*said, *([f"SN {serial}"] if serial else [])])


# --- the job ------------------------------------------------------------------------------------------------


class JobState(enum.IntEnum):
    """RFC 8011 §5.3.7."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


_ENDED = (JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED)
_BEGUN = (JobState.PROCESSING, JobState.STOPPED, JobState.COMPLETED)

JOB_WANTED = (
    "job-id",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "job-name",
    "job-state",
    "time-at-processing",
)


class JobFacts(msgspec.Struct, frozen=True):
    """What one Get-Job-Attributes said. `pages` is None when the printer counts nothing."""

    state: int
    pages: int | None
    is_proven_unbegun: bool
    """The printer says that the job was never processed (`time-at-processing` has no value)."""
    name: str


def job_facts(group: Group, paper: Paper) -> JobFacts:
    pages = group.integer("job-impressions-completed")
    if pages is None and paper.sides == "one-sided":
        pages = group.integer("job-media-sheets-completed")  # one page is one sheet
    return JobFacts(
        state=group.integer("job-state") or 0,
        pages=pages,
        is_proven_unbegun=group.is_out_of_band("time-at-processing"),
        name="".join(group.strings("job-name")[:1]),
    )


# --- watching one job to its end ----------------------------------------------------------------------------


class Limits(msgspec.Struct, frozen=True):
    page_timeout_s: float = 120.0
    """Without another page for so long: the job is cancelled, lest it print for the next resident."""
    cancel_timeout_s: float = 20.0
    settle_timeout_s: float = 15.0
    """From the job's end until the printer must stand idle."""


class CancelJob(msgspec.Struct, frozen=True):
    """To be sent to the printer, once."""


Action = Event | CancelJob


class Watch(msgspec.Struct, frozen=True):
    """One job between the moment its document may have reached the printer and its outcome."""

    op: OpId
    device: DeviceId
    name: str
    asked: int
    limits: Limits
    progressed_at_s: float
    printed: int = 0
    has_begun: bool = False
    had_path_trouble: bool = False
    cancelled_at_s: float | None = None
    ended_at_s: float | None = None
    is_doubtful: bool = False
    """Handing over the document did not end well: the printer may have all of it, a part, or nothing."""
    is_over: bool = False


def observe(
    watch: Watch, job: JobFacts, printer: PrinterFacts, now_s: float
) -> tuple[Watch, tuple[Action, ...]]:
    """The job and the printer were both asked just now."""
    if job.name != watch.name:  # the printer began to count jobs anew: this number is somebody else's
        return lose(watch, "job-forgotten")
    actions: list[Action] = []
    if job.pages is not None and job.pages > watch.printed:
        watch = replace(watch, printed=job.pages, progressed_at_s=now_s)
        actions.append(PageImprinted(op=watch.op, device=watch.device, pages=min(job.pages, watch.asked)))
    watch = replace(
        watch,
        has_begun=watch.has_begun or job.state in _BEGUN or not _is_untouched(job),
        had_path_trouble=watch.had_path_trouble or printer.has_path_trouble,
        ended_at_s=now_s if watch.ended_at_s is None and job.state in _ENDED else watch.ended_at_s,
    )
    if watch.ended_at_s is None:
        is_waiting_for_data = watch.is_doubtful and job.state == JobState.HELD
        watch, more = _cancel(watch, now_s) if is_waiting_for_data else wait(watch, now_s)
        return watch, (*actions, *more)
    is_settled = printer.is_idle and not printer.has_path_trouble
    verdict = _judge(watch, job, is_settled)
    if verdict is None:
        if now_s - watch.ended_at_s < watch.limits.settle_timeout_s:
            return watch, tuple(actions)
        verdict = (Outcome.UNKNOWN, "not-idle" if not is_settled else "count-short")
    watch, ended = _end(watch, *verdict)
    return watch, (*actions, *ended)


def wait(watch: Watch, now_s: float) -> tuple[Watch, tuple[Action, ...]]:
    """No end yet (or the printer does not answer): time may run out."""
    if watch.cancelled_at_s is not None:
        if now_s - watch.cancelled_at_s < watch.limits.cancel_timeout_s:
            return watch, ()
        return lose(watch, "timeout")
    if now_s - watch.progressed_at_s < watch.limits.page_timeout_s:
        return watch, ()
    return _cancel(watch, now_s)


def lose(watch: Watch, code: str) -> tuple[Watch, tuple[Action, ...]]:
    """Nothing more can be learnt of this job."""
    return _end(watch, Outcome.UNKNOWN, code)


def _cancel(watch: Watch, now_s: float) -> tuple[Watch, tuple[Action, ...]]:
    if watch.cancelled_at_s is not None:
        return wait(watch, now_s)
    return replace(watch, cancelled_at_s=now_s), (CancelJob(),)


def _is_untouched(job: JobFacts) -> bool:
    return job.pages == 0 or (job.pages is None and job.is_proven_unbegun)


def _judge(watch: Watch, job: JobFacts, is_settled: bool) -> tuple[Outcome, str] | None:
    """The outcome of an ended job; None: wait, the printer may still say more."""
    if watch.printed > watch.asked:
        return Outcome.UNKNOWN, "count-over"
    if job.state == JobState.COMPLETED:
        if job.pages is None:
            return Outcome.UNKNOWN, "no-count"
        if watch.printed == watch.asked and is_settled:
            return Outcome.CONFIRMED, ""
        return None
    if not is_settled:
        return None
    code = "aborted" if job.state == JobState.ABORTED else "canceled"
    if watch.had_path_trouble:
        return Outcome.UNKNOWN, code
    if not watch.has_begun:
        return Outcome.REFUSED, code
    if 0 < watch.printed < watch.asked:
        return Outcome.PARTIAL, code
    return Outcome.UNKNOWN, code


def _end(watch: Watch, outcome: Outcome, code: str) -> tuple[Watch, tuple[Action, ...]]:
    ended = PrintEnded(
        op=watch.op,
        device=watch.device,
        outcome=outcome,
        pages=min(watch.printed, watch.asked),
        code=code,
    )
    return replace(watch, is_over=True), (ended,)
