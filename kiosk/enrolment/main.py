"""kiosk-enrol: this machine's key, its certificate, and what the server says of them."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kiosk import check
from kiosk.clock import Clock, SystemClock
from kiosk.config import Config, load
from kiosk.enrolment import line, paper
from kiosk.enrolment.folder import Folder, as_owner
from kiosk.enrolment.keys import open_key
from kiosk.errors import ConfigError, MadoguchiError, PeerProtocolError
from kiosk.messages import Message, open_log, say

DONE, WAITS, REFUSED, BUSY = 0, 1, 2, 5


class Enrolment:
    """The verbs. Every one may be repeated, and interrupted at any point."""

    def __init__(self, config: Config, folder: Folder, clock: Clock) -> None:
        self._config = config
        self._kiosk = config.machine.kiosk
        self._folder = folder
        self._clock = clock

    def ask(self) -> int:
        """Make the key here if there is none, and ask the server to be enrolled."""
        if self._folder.is_enrolled:
            raise ConfigError("this machine is enrolled; `renew` asks for its next certificate")
        self._folder.begin()
        answer = self._post("/v1/enrolments", {"kiosk": self._kiosk, "csr": self._csr()})
        say(Message.ENROLMENT_ASKED, fingerprint=self.key_fingerprint)
        return self._keep(answer)

    def fetch(self) -> int:
        """Look whether an operator approved the key, and take the certificate."""
        if self._folder.is_enrolled:
            return DONE
        if not self._folder.has_next_key:
            raise ConfigError("nothing was asked yet: kiosk-enrol ask")
        found = line.ask("GET", self._url, f"/v1/enrolments/{self.key_fingerprint}", self._ca)
        return self._keep(found)

    def renew(self, is_forced: bool = False) -> int:
        """The next key and certificate, when the one in use is in its last part. 1: it is not due."""
        if not self._folder.is_enrolled:
            raise ConfigError("this machine is not enrolled: kiosk-enrol ask")
        if self._folder.next_certificate.is_file():
            return DONE
        now = self._clock.wall()
        current = paper.read(self._folder.certificate.read_text(encoding="ascii"))
        if not (is_forced or current.is_due(now)):
            return WAITS
        self._folder.begin()
        answer = line.ask(
            "POST",
            self._config.issuance.url,
            "/v1/kiosks/renew",
            self._ca,
            {"csr": self._csr()},
            (self._folder.certificate, open_key(self._folder.key)),
        )
        made = self._checked(answer)
        self._folder.keep_certificate(answer["certificate"])
        say(Message.CERTIFICATE_RENEWED, until=f"{made.until:%Y-%m-%d}")
        return DONE

    def take(self) -> bool:
        """Use what `renew` brought. Whether something changed: then the core has to be started again."""
        return self._folder.take()

    @property
    def key_fingerprint(self) -> str:
        folder = self._folder
        return open_key(folder.next_key if folder.has_next_key else folder.key).fingerprint

    def shown(self) -> list[str]:
        """Name, fingerprint in groups, state, end of the certificate."""
        lines = [f"kiosk        {self._kiosk}", f"fingerprint  {grouped(self.key_fingerprint)}"]
        if self._folder.is_enrolled:
            until = paper.read(self._folder.certificate.read_text(encoding="ascii")).until
            lines.append(f"certificate  until {until:%Y-%m-%d}")
        else:
            lines.append("certificate  none yet: approve this fingerprint at the server / サーバーで承認")
        return lines

    @property
    def identity(self) -> str:
        """What the QR says: nothing that is secret."""
        return f"madoguchi:enrol/1?kiosk={self._kiosk}&key={self.key_fingerprint}"

    @property
    def _url(self) -> str:
        if not self._config.issuance.enrolment_url:
            raise ConfigError("issuance.enrolment_url: missing, so there is nobody to ask")
        return self._config.issuance.enrolment_url

    @property
    def _ca(self) -> Path:
        return self._config.issuance.server_ca

    def _csr(self) -> str:
        return self._folder.open_next().request(self._kiosk)

    def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        return line.ask("POST", self._url, path, self._ca, body)

    def _checked(self, answer: dict[str, Any]) -> paper.Certificate:
        pem = answer.get("certificate")
        if not isinstance(pem, str):
            raise PeerProtocolError("enrolment: the answer is not of the contract")
        public = self._folder.open_next().public
        return paper.must_be_ours(pem, self._folder.authority, self._kiosk, public, self._clock.wall())

    def _keep(self, answer: dict[str, Any]) -> int:
        if answer.get("state") != "approved":
            return WAITS
        made = self._checked(answer)
        manifest_key = answer.get("manifest_key")
        if not isinstance(manifest_key, str) or "BEGIN PUBLIC KEY" not in manifest_key:
            raise PeerProtocolError("enrolment: the answer is not of the contract")
        self._folder.keep_manifest_key(manifest_key)
        self._folder.keep_certificate(answer["certificate"])
        self._folder.take()
        say(Message.ENROLLED, until=f"{made.until:%Y-%m-%d}")
        return DONE


def grouped(fingerprint: str) -> str:
    """For eyes: groups of four."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def main(argv: Sequence[str] | None = None) -> int:
    """0 done, 1 waits for approval (renew: not due), 2 refused, 5 a visit is under way (take)."""
    options = _parser().parse_args(argv)
    open_log("kiosk-enrol", is_act=True)
    try:
        config = load(options.config)
        folder = Folder(config.issuance)
        folder.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        machine = Enrolment(config, folder, SystemClock())
        if options.verb == "take":
            return _take(machine, folder, options)
        with as_owner(folder.path):
            return _do(machine, options)
    except (MadoguchiError, OSError) as error:
        why = str(error) if isinstance(error, MadoguchiError) else f"errno {error.errno}"
        if options.verb == "renew":
            say(Message.RENEWAL_FAILED, why=why)
        print(f"kiosk-enrol: {why}", file=sys.stderr)
        return REFUSED


def _do(machine: Enrolment, options: argparse.Namespace) -> int:
    if options.verb == "show":
        print("\n".join(machine.shown()))
        if options.qr:
            print(_qr(machine.identity))
        return DONE
    if options.verb == "renew":
        return machine.renew(options.now)
    code = machine.ask() if options.verb == "ask" else machine.fetch()
    print("\n".join(machine.shown()))
    return code


def _take(machine: Enrolment, folder: Folder, options: argparse.Namespace) -> int:
    files = [word for each in options.config for word in ("--config", each)]
    if options.restart and check.main([*files, "--is-idle", "--quiet"]) == check.BUSY:
        return BUSY
    with as_owner(folder.path):
        is_new = machine.take()
    if is_new and options.restart:
        subprocess.run(["/usr/bin/systemctl", "try-restart", "kiosk-core.service"], check=True, timeout=120)
    return DONE


def _qr(text: str) -> str:
    import io  # noqa: PLC0415

    import qrcode  # noqa: PLC0415  # Pillow comes with it

    made, out = qrcode.QRCode(border=2), io.StringIO()
    made.add_data(text)
    made.print_ascii(out, invert=True)
    return out.getvalue()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk-enrol", description=__doc__)
    parser.add_argument("--config", action="append", required=True, metavar="FILE", help="machine, then town")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("ask", help="make the key here, ask the server, show the fingerprint to approve")
    verbs.add_parser("fetch", help="take the certificate, when it is approved")
    renew = verbs.add_parser("renew", help="the next key and certificate, when it is time")
    renew.add_argument("--now", action="store_true", help="before its time, too (a key that may be known)")
    take = verbs.add_parser("take", help="use what `renew` brought")
    take.add_argument("--restart", action="store_true", help="only between visits; start the core again")
    show = verbs.add_parser("show", help="name, fingerprint, end of the certificate")
    show.add_argument("--qr", action="store_true", help="and as a QR code")
    return parser


if __name__ == "__main__":
    sys.exit(main())
