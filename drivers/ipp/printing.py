"""The work of the certificate printer's thread: blocking calls on one printer, told as events."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from msgspec.structs import replace

from drivers.ipp.client import Answer, IppClient
from drivers.ipp.codec import GroupTag
from drivers.ipp.device import (
    FIDELITY,
    JOB_WANTED,
    PRINTER_WANTED,
    Action,
    CancelJob,
    Limits,
    Paper,
    PrinterFacts,
    Watch,
    job_facts,
    lose,
    observe,
    printer_facts,
    wait,
)
from drivers.ipp.options import JOB_PREFIX, Options
from drivers.ipp.pdf_pages import count_pages
from kiosk.clock import Clock
from kiosk.errors import DeviceTimeout, DeviceUnavailable, MadoguchiError, PeerProtocolError
from kiosk.ids import DeviceId
from kiosk.messages import Message, say
from kiosk.ports import (
    DeviceArrived,
    DeviceFault,
    DeviceLost,
    Event,
    Outcome,
    PrintDocument,
    PrintEnded,
    PrinterRead,
)

_BRISK_S = 2.0
"""So long after the last page the job is asked for often; later less, a slow printer has better things to
do."""

_BUSY_S = 3.0
"""So long a printer may go on saying that it is not yet done with the job before."""


class Printing:
    """Reads the printer and prints on it. Every call blocks; all from one thread."""

    def __init__(
        self,
        device: DeviceId,
        options: Options,
        post: Callable[[Event], None],
        clock: Clock,
        is_stopping: threading.Event,
    ) -> None:
        self._device = device
        self._options = options
        self._post = post
        self._clock = clock
        self._is_stopping = is_stopping
        self._client = IppClient(options.uri, options.answer_timeout_s)
        self._paper = Paper(media=options.media, sides=options.sides, tray=options.tray)
        self._job_paper = self._paper
        self._limits = Limits(
            page_timeout_s=options.page_timeout_s,
            cancel_timeout_s=options.cancel_timeout_s,
            settle_timeout_s=options.settle_timeout_s,
        )
        self._lost: str | None = None
        self._is_known = False
        self._must_purge = True
        self._faults: tuple[str, ...] = ()
        self._said: PrinterRead | None = None

    def close(self) -> None:
        self._client.close()

    # --- reading --------------------------------------------------------------------------------------------

    def read(self, is_asked: bool = False) -> PrinterFacts | None:
        """Ask how the printer is; tell what changed, and the whole when the core asked. None: no answer."""
        try:
            facts = self._facts()
            if self._must_purge:
                self._purge()
        except MadoguchiError as why:
            self._tell_lost(why)
            if is_asked:
                self._post(PrinterRead(device=self._device, is_ready=False, reasons=("unreachable",)))
            return None
        self._tell(facts, is_asked)
        return facts

    def _facts(self) -> PrinterFacts:
        answer = self._ask(lambda: self._client.printer(PRINTER_WANTED))
        if not answer.is_ok:
            raise PeerProtocolError(f"{self._device}: {answer.status}")
        return printer_facts(answer.first(GroupTag.PRINTER), self._paper)

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """A question that may be asked twice: the open connection may have been closed in between."""
        try:
            return question()
        except DeviceUnavailable:
            return question()

    def _purge(self) -> None:
        """What we once sent and did not see the end of must never come out for the next resident."""
        answer = self._ask(lambda: self._client.waiting_jobs(("job-id", "job-name")))
        for job in answer.all(GroupTag.JOB):
            number = job.integer("job-id")
            if number is not None and "".join(job.strings("job-name")).startswith(JOB_PREFIX):
                say(Message.OLD_JOB_CANCELLED, device=self._device)
                self._client.cancel(number)
                return  # still due: the next reading looks again
        self._must_purge = False

    def _tell(self, facts: PrinterFacts, is_asked: bool = False, is_ours: bool = False) -> None:
        """`is_ours`: it is busy with our own job, which does not make it less ready."""
        self._lost = None
        if not self._is_known:
            self._is_known = True
            self._post(DeviceArrived(device=self._device, identity=facts.identity))
        obstacles = (*facts.obstacles, "old-job") if self._must_purge else facts.obstacles
        for code in self._faults:
            if code not in obstacles:
                self._post(DeviceFault(device=self._device, code=code, clear=True))
        for code in obstacles:
            if code not in self._faults:
                self._post(DeviceFault(device=self._device, code=code))
        self._faults = obstacles
        reasons = tuple(dict.fromkeys((*facts.reasons, *obstacles)))
        is_ready = not obstacles and (facts.is_idle or is_ours)
        said = PrinterRead(self._device, is_ready, reasons, facts.sheets)
        if is_asked or said != self._said:
            self._post(said)
        self._said = said

    def _tell_lost(self, why: MadoguchiError) -> None:
        code = _lost_code(why)
        if code != self._lost:
            say(Message.DEVICE_LOST, device=self._device, why=str(why))
            self._post(DeviceLost(device=self._device, code=code))
        self._lost, self._is_known, self._said, self._faults = code, False, None, ()

    # --- printing -------------------------------------------------------------------------------------------

    def print(self, command: PrintDocument) -> None:
        """From the check of the bytes to exactly one PrintEnded (none when the core is stopping)."""
        code = _mismatch(command, self._options.sides) or self._obstacle()
        job = 0
        if not code:
            self._job_paper = replace(self._paper, sides=command.sides)
            job, code = self._create(JOB_PREFIX + command.op)
        if code:
            return self._refuse(command, code)
        watch = self._send(command, job)
        while not watch.is_over and not self._is_stopping.is_set():
            watch = self._step(watch, job)
            if not watch.is_over:
                self._is_stopping.wait(self._pause_s(watch))

    def _refuse(self, command: PrintDocument, code: str) -> None:
        """Nothing was sent."""
        self._post(
            PrintEnded(op=command.op, device=self._device, outcome=Outcome.REFUSED, pages=0, code=code)
        )
        self._tell_again()

    def _tell_again(self) -> None:
        """After a refusal the core waits for a printer that is ready: it hears at once whether this one is."""
        if self._said is not None:
            self._post(self._said)

    def _obstacle(self) -> str:
        """Why nothing may be sent now; empty when the printer is ready."""
        facts = self.read()
        if facts is None:
            return "unreachable"
        if self._must_purge:
            return "old-job"
        if facts.is_ready:
            return ""
        return facts.obstacles[0] if facts.obstacles else "busy"

    def _create(self, name: str) -> tuple[int, str]:
        """(job number, "") or (0, why not). An empty job prints nothing, so asking again is harmless."""
        until_s = self._clock.monotonic_s() + _BUSY_S
        while True:
            try:
                answer = self._ask(
                    lambda: self._client.create_job(name, FIDELITY, self._job_paper.template())
                )
            except MadoguchiError as why:
                self._tell_lost(why)
                return 0, "unreachable"
            number = answer.first(GroupTag.JOB).integer("job-id")
            if answer.is_ok and number is not None:
                return number, ""
            is_over = not answer.is_busy or self._clock.monotonic_s() >= until_s
            if is_over or self._is_stopping.wait(self._options.job_poll_s):
                return 0, answer.status

    def _send(self, command: PrintDocument, job: int) -> Watch:
        """Hand the document over, once. From here on only the job itself says what became of it."""
        watch = Watch(
            op=command.op,
            device=self._device,
            name=JOB_PREFIX + command.op,
            asked=command.pages,
            limits=self._limits,
            progressed_at_s=self._clock.monotonic_s(),
        )
        try:
            answer = self._client.send_document(job, command.document)
            is_taken = answer.is_ok
        except MadoguchiError as why:
            say(Message.PRINT_DOUBTFUL, device=self._device, while_="sending", why=str(why))
            is_taken = False
        return watch if is_taken else replace(watch, is_doubtful=True)

    def _step(self, watch: Watch, job: int) -> Watch:
        """Ask for the job, then for the printer: idle must have been seen after the end."""
        try:
            answer = self._ask(lambda: self._client.job(job, JOB_WANTED))
            printer = self._facts()
        except MadoguchiError as why:
            self._tell_lost(why)
            watch, actions = wait(watch, self._clock.monotonic_s())
            return self._do(watch, job, actions)
        self._tell(printer, is_ours=True)
        now_s = self._clock.monotonic_s()
        if answer.is_ok:
            facts = job_facts(answer.first(GroupTag.JOB), self._job_paper)
            watch, actions = observe(watch, facts, printer, now_s)
        elif answer.is_not_found:
            watch, actions = lose(watch, "job-forgotten")
        else:
            watch, actions = wait(watch, now_s)
        return self._do(watch, job, actions)

    def _do(self, watch: Watch, job: int, actions: tuple[Action, ...]) -> Watch:
        for action in actions:
            if isinstance(action, CancelJob):
                self._cancel(job)
                continue
            if isinstance(action, PrintEnded) and action.outcome is Outcome.UNKNOWN:
                self._must_purge = True
            self._post(action)
            if isinstance(action, PrintEnded) and action.outcome is Outcome.REFUSED:
                self._tell_again()
        return watch

    def _cancel(self, job: int) -> None:
        try:
            self._ask(lambda: self._client.cancel(job))
        except MadoguchiError as why:
            say(Message.PRINT_DOUBTFUL, device=self._device, while_="cancelling", why=str(why))
            self._must_purge = True

    def _pause_s(self, watch: Watch) -> float:
        is_brisk = self._clock.monotonic_s() - watch.progressed_at_s < _BRISK_S
        return self._options.job_poll_s if is_brisk else self._options.job_poll_max_s


def _mismatch(command: PrintDocument, sides: str) -> str:
    """The bytes must be the ones that were checked, and have the pages that were paid for; a back is printed only where
    the machine's file says that this printer does it."""
    if command.sides not in ("one-sided", sides):
        return "no-sides"
    if hashlib.sha256(command.document).hexdigest() != command.sha256.lower():
        return "wrong-hash"
    try:
        pages = count_pages(command.document)
    except PeerProtocolError:
        return "unreadable"
    return "" if pages == command.pages else "wrong-pages"


def _lost_code(why: MadoguchiError) -> str:
    if isinstance(why, DeviceTimeout):
        return "no-answer"
    if isinstance(why, DeviceUnavailable):
        return "no-connection"
    return "protocol"
