"""What stands around the computer: the town's server, printer, time and log; coins, notes and receipts on USB.

All of it in a network of its own (`apart`), with the addresses of profile.toml. The simulators speak at the far end of
the serial line; the machine inside has none of them.
"""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.image.qemu import usb_serial

NETS = {
    "lobby": (
        "192.0.2.1/24",
        "192.0.2.20/24",
        "192.0.2.30/24",
        "192.0.2.40/24",
        "192.0.2.41/24",
        "192.0.2.42/24",
    ),
    "paynet": ("198.51.100.20/24",),
}
"""Cable -> who is on it."""
KIOSK = "192.0.2.10"
LOG, LOG_NAME = ("192.0.2.41", 6514), "syslog.town.example"
TIME = ("192.0.2.40", 123)
PORTS = {"coin1": 9001, "note1": 9002, "receipt1": 9003}
_READY_S = 60.0
_SINCE_1900 = 2_208_988_800


def devices() -> tuple[str, ...]:
    """QEMU's words for the cables and for what is plugged in."""
    words = ["-device", "qemu-xhci,id=usb,p2=15,p3=15"]
    for at, name in enumerate(NETS, 1):
        words += ["-netdev", f"tap,id={name},ifname={name},script=no,downscript=no"]
        words += ["-device", f"virtio-net-pci,id=card-{name},netdev={name},mac=02:00:00:00:00:0{at},romfile="]
    for name, port in PORTS.items():
        words += usb_serial(name, port, name.upper())
    return (*words, "-device", "usb-ccid,bus=usb.0,id=reader", "-device", "usb-tablet,bus=usb.0,id=panel")


class Lobby:
    """As a context manager: everything is there inside the block, and gone behind it."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._folder = folder
        self._server = server
        self._processes: list[subprocess.Popen[bytes]] = []
        self.log = LogServer(folder)
        self._time = TimeServer()

    def __enter__(self) -> Lobby:
        try:
            self._cables()
            self._start(
                "issuance", "issuance.main:main", "run", "--dir", str(self._server), "--host", "192.0.2.20"
            )
            self._simulator("cctalk", "--tcp", str(PORTS["coin1"]), "--state")
            self._simulator("id003", "--tcp", str(PORTS["note1"]), "--state")
            self._simulator("escpos", "--tcp", str(PORTS["receipt1"]), "--dir")
            self._simulator("ipp", "--port", "631", "--with-avahi", "--dir")
            self._time.start()
            self.log.start()
            for address in (
                ("192.0.2.20", 8443),
                ("192.0.2.30", 631),
                *(("127.0.0.1", each) for each in (9001,)),
            ):
                _answers(address)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._processes:
            each.terminate()
        for each in self._processes:
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait(10)
        self._time.stop()
        self.log.stop()

    def _cables(self) -> None:
        for name, addresses in NETS.items():
            _ip("tuntap", "add", "dev", name, "mode", "tap")
            for each in addresses:
                _ip("addr", "add", each, "dev", name)
            _ip("link", "set", name, "up")

    def _start(self, name: str, main: str, *words: str) -> None:
        module, _, function = main.partition(":")
        code = f"import sys; sys.argv[0]={name!r}; from {module} import {function}; sys.exit({function}())"
        log = (self._folder / f"{name}.log").open("ab")
        argv = [sys.executable, "-P", "-c", code, *words]
        self._processes.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _simulator(self, name: str, *words: str) -> None:
        """Its last word wants a folder of its own."""
        state = self._folder / name
        state.mkdir(exist_ok=True)
        control = str(self._folder / f"{name}.sock")
        self._start(name, "drivers.simpanel.cli:main", name, *words, str(state), "--control", control)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


def _answers(address: tuple[str, int]) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            socket.create_connection(address, 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class TimeServer:
    """SNTP (RFC 4330), the four fields that a client looks at."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def start(self) -> None:
        self._socket.bind(TIME)
        threading.Thread(target=self._serve, name="time", daemon=True).start()

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                asked, who = self._socket.recvfrom(512)
                now = struct.pack("!Q", int((time.time() + _SINCE_1900) * 2**32))
                head = bytes([0x24, 1, asked[2], 0xEC]) + bytes(8) + b"LOCL"
                self._socket.sendto(head + now + asked[40:48] + now + now, who)
            except OSError:
                return


class LogServer:
    """Syslog over TLS (RFC 5425): whoever has no certificate of the town's authority is not heard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener: socket.socket | None = None
        self._lock = threading.Lock()
        self.heard: list[tuple[str, str]] = []
        """(name in the sender's certificate, message), oldest first."""
        self.refused = 0

    def start(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self._folder / "senders-ca.pem")
        context.load_cert_chain(self._folder / "log.pem", self._folder / "log.key")
        self._listener = socket.create_server(LOG)
        threading.Thread(target=self._accept, args=(context,), name="log", daemon=True).start()

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def has(self, words: str) -> bool:
        with self._lock:
            return any(words in message for _, message in self.heard)

    def _accept(self, context: ssl.SSLContext) -> None:
        assert self._listener is not None
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(context, plain), daemon=True).start()

    def _serve(self, context: ssl.SSLContext, plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) as line:
                subject = dict(pair[0] for pair in line.getpeercert()["subject"])  # type: ignore[index,misc]
                for message in _frames(line):
                    with self._lock:
                        self.heard.append((str(subject["commonName"]), message))
        except (OSError, ValueError):
            self.refused += 1


def _frames(line: ssl.SSLSocket):  # type: ignore[no-untyped-def]  # an iterator of text
    """RFC 5425: each message behind its length. A sender that sends lines instead is a fault."""
    data = b""
    while more := line.recv(65536):
        data += more
        while b" " in data[:12]:
            length, _, rest = data.partition(b" ")
            if len(rest) < int(length):
                break
            yield rest[: int(length)].decode("utf-8", "replace")
            data = rest[int(length) :]


def log_certificate(folder: Path) -> None:
    """An authority of the log server's own (log-ca.pem), and a certificate for its name."""
    now = datetime.datetime.now(datetime.UTC)

    def made(
        name: str, key: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey, is_ca: bool
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (folder / "log-ca.pem").write_bytes(made("logs", authority, "logs", authority, True))
    (folder / "log.pem").write_bytes(made(LOG_NAME, own, "logs", authority, False))
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "log.key").write_bytes(private)
