"""What the virtual card answers to a command: facts/card.md §1.6, one function per instruction.

A card's empty VERIFY never answers 9000 or 6984: its clients (OpenSC among them) take anything but 63Cx as "not this
card" (facts/card.md §5.1). A phone whose owner has approved on it answers 9000.
"""

from __future__ import annotations

import hashlib
import secrets as generator
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from drivers.jpki.apdu import NE_SHORT, Command, Ins, Response, Sw
from drivers.jpki.sim.filesystem import (
    Binary,
    Directory,
    Image,
    Memory,
    PrivateKey,
    Records,
    Reference,
    Secret,
)

ISD_AID = bytes.fromhex("A0000001510000")
"""GlobalPlatform issuer security domain: selecting it brings back the state after power-on."""

_CHANGE_SECRET_OLD = 0x32
_SET_PUBLIC_KEY = 0xA2
_ESTABLISH_SECURE_MESSAGING = 0xAE
_SIGN_BLOCK_MAX = 245


@dataclass(slots=True)
class Status:
    """What a power-off forgets."""

    directory: Directory | None = None
    file: int | None = None
    verified: set[int] = field(default_factory=set)


class Refused(Exception):  # noqa: N818  # a status word other than 9000
    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


class Interpreter:
    """Answers commands over an image and a memory. One client, one thread."""

    def __init__(self, image: Image, memory: Memory, is_lenient: bool = False) -> None:
        self._image = image
        self._memory = memory
        self._is_lenient = is_lenient
        """Selecting the selected application again keeps what was verified (some clients need it)."""
        self._status = Status()
        self._table: dict[tuple[int, int], Callable[[Command], bytes]] = {
            (0x00, Ins.SELECT): self._select,
            (0x00, Ins.VERIFY): self._verify,
            (0x00, Ins.CHANGE_REFERENCE_DATA): self._change,
            (0x00, Ins.READ_BINARY): self._read_binary,
            (0x00, Ins.READ_RECORD): self._read_record,
            (0x00, Ins.GET_CHALLENGE): self._get_challenge,
            (0x00, Ins.GET_DATA): self._get_data,
            (0x00, Ins.INTERNAL_AUTHENTICATE): self._internal_authenticate,
            (0x80, Ins.PERFORM_SECURITY_OPERATION): self._sign,
            (0x80, _CHANGE_SECRET_OLD): self._change,
            (0x80, _SET_PUBLIC_KEY): self._refuse_conditions,
            (0x80, _ESTABLISH_SECURE_MESSAGING): self._refuse_secure_messaging,
        }

    def reset(self) -> None:
        """Power-on, power-off or warm reset: everything but the counters is forgotten."""
        self._status = Status()

    def answer(self, command: Command) -> Response:
        try:
            return Response(self._handler(command)(command), Sw.OK)
        except Refused as why:
            return Response(b"", why.sw)

    def _handler(self, command: Command) -> Callable[[Command], bytes]:
        if command.cla & 0x03:
            raise Refused(Sw.CHANNEL)
        if command.cla & 0x0C:
            raise Refused(Sw.SECURE_MESSAGING)
        handler = self._table.get((command.cla, command.ins))
        if handler is None:
            known = any(cla == command.cla for cla, _ in self._table)
            raise Refused(Sw.WRONG_INS if known else Sw.WRONG_CLA)
        return handler

    # --- finding --------------------------------------------------------------------------------------------

    def _select(self, command: Command) -> bytes:
        match command.p1, command.p2:
            case 0x04, 0x00 | 0x0C:
                return self._select_application(bytes(command.data), command.p2 == 0x00)
            case 0x02, 0x00 | 0x0C:
                return self._select_file(bytes(command.data))
            case 0x00, 0x00 | 0x0C if command.data:
                raise Refused(Sw.NOT_FOUND)
        raise Refused(Sw.WRONG_P1P2)

    def _select_application(self, aid: bytes, wants_fci: bool) -> bytes:
        if aid == ISD_AID:
            self.reset()
            return b""
        directory = self._image.directories.get(aid)  # the whole AID: no prefix, nothing after it
        if directory is None:
            raise Refused(Sw.NOT_FOUND)
        if not (self._is_lenient and directory is self._status.directory):
            self._status = Status(directory)
        self._status.file = None
        return b"\x6f" + bytes([len(aid) + 2]) + b"\x84" + bytes([len(aid)]) + aid if wants_fci else b""

    def _select_file(self, name: bytes) -> bytes:
        if len(name) != 2:
            raise Refused(Sw.WRONG_LENGTH)
        directory = self._directory()
        file = int.from_bytes(name, "big")
        if file not in directory.files:
            raise Refused(Sw.NOT_FOUND)
        self._status.file = file
        return b""

    def _directory(self) -> Directory:
        if self._status.directory is None:
            raise Refused(Sw.NO_CURRENT_EF)
        return self._status.directory

    def _find(self, short_id: int, missing: int) -> int:
        """The file a short identifier names; 0 is the selected one."""
        directory = self._directory()
        file = directory.by_short_id(short_id) if short_id else self._status.file
        if file is None:
            raise Refused(missing if short_id else Sw.NO_CURRENT_EF)
        return file

    def _check_access(self, access: frozenset[int]) -> None:
        if access and not access & self._status.verified:
            raise Refused(Sw.NOT_VERIFIED)

    # --- reading --------------------------------------------------------------------------------------------

    def _read_binary(self, command: Command) -> bytes:
        if command.data or not command.ne:
            raise Refused(Sw.WRONG_LENGTH)
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise Refused(Sw.WRONG_P1P2)
            file, offset = self._find(command.p1 & 0x1F, Sw.NOT_FOUND), command.p2
        else:
            file, offset = self._find(0, Sw.NO_CURRENT_EF), command.p1 << 8 | command.p2
        self._status.file = file
        found = self._directory().files[file]
        if not isinstance(found, Binary):
            raise Refused(Sw.WRONG_STRUCTURE)
        self._check_access(found.access)
        if offset >= len(found.data):
            raise Refused(Sw.WRONG_OFFSET)
        return found.data[offset : offset + command.ne]

    def _read_record(self, command: Command) -> bytes:
        if command.p2 & 0x07 != 0x04:
            raise Refused(Sw.WRONG_P1P2)
        file = self._find(command.p2 >> 3, Sw.NOT_FOUND)
        self._status.file = file
        found = self._directory().files[file]
        if not isinstance(found, Records):
            raise Refused(Sw.WRONG_STRUCTURE)
        if not 1 <= command.p1 <= len(found.records):
            raise Refused(Sw.RECORD_NOT_FOUND)
        return found.records[command.p1 - 1][: command.ne]

    def _get_challenge(self, command: Command) -> bytes:
        if not command.ne or command.data:
            raise Refused(Sw.WRONG_LENGTH)
        if command.ne > NE_SHORT:
            raise Refused(Sw.CONDITIONS)
        return generator.token_bytes(command.ne)

    def _get_data(self, command: Command) -> bytes:
        found = self._image.data_objects.get(command.p1 << 8 | command.p2)
        if found is None or self._status.directory is not None:
            raise Refused(Sw.REFERENCE_NOT_FOUND)
        return found[: command.ne or NE_SHORT]

    # --- secrets --------------------------------------------------------------------------------------------

    def _reference(self, command: Command) -> tuple[int, Secret, bool]:
        if command.p2 & 0xE0 != 0x80:
            raise Refused(Sw.WRONG_P1P2)
        file = self._find(command.p2 & 0x1F, Sw.REFERENCE_NOT_FOUND)
        found = self._directory().files[file]
        if not isinstance(found, Reference):
            raise Refused(Sw.WRONG_STRUCTURE)
        return file, self._memory[found.name], found.is_approved

    def _verify(self, command: Command) -> bytes:
        if command.p1:
            raise Refused(Sw.WRONG_P1P2)
        file, secret, is_approved = self._reference(command)
        if not command.data and is_approved:
            return b""
        if not command.data:
            raise Refused(0x63C0 | secret.left)
        if secret.left == 0:
            raise Refused(Sw.REFERENCE_BLOCKED)
        if bytes(command.data) == secret.value.encode() and not secret.is_dead:
            if secret.left != secret.most:
                secret.left = secret.most
                self._memory.save()
            self._status.verified.add(file)
            return b""
        secret.left -= 1
        self._memory.save()
        self._status.verified.discard(file)
        raise Refused(0x63C0 | secret.left)

    def _change(self, command: Command) -> bytes:
        file, secret, _ = self._reference(command)
        if file not in self._status.verified:
            raise Refused(Sw.NOT_VERIFIED)
        if len(command.data) < 4 or len(command.data) > 16:
            raise Refused(Sw.WRONG_LENGTH)
        secret.value = bytes(command.data).decode("ascii", "replace")
        self._memory.save()
        return b""

    # --- keys -----------------------------------------------------------------------------------------------

    def _key(self, p2: int) -> PrivateKey:
        directory = self._directory()
        if p2 == 0x00:
            file = directory.default_key
            if file is None:
                raise Refused(Sw.NO_CURRENT_EF)
        elif p2 & 0xE0 == 0x80:
            file = self._find(p2 & 0x1F, Sw.REFERENCE_NOT_FOUND)
        else:
            raise Refused(Sw.WRONG_P1P2)
        found = directory.files[file]
        if not isinstance(found, PrivateKey):
            raise Refused(Sw.WRONG_STRUCTURE)
        self._check_access(found.access)
        return found

    def _sign(self, command: Command) -> bytes:
        key, data = self._key(command.p2).key, bytes(command.data)
        if not 1 <= len(data) <= _SIGN_BLOCK_MAX:
            raise Refused(Sw.WRONG_LENGTH)
        v15, bare = padding.PKCS1v15(), utils.NoDigestInfo()
        match command.p1:
            case 0x00:  # the data verbatim: the caller supplies the DigestInfo
                return key.sign(data, v15, bare)
            case 0x01:
                return key.sign(hashlib.sha256(data).digest(), v15, bare)
            case 0x02:
                if len(data) != 32:
                    raise Refused(Sw.WRONG_LENGTH)
                return key.sign(data, v15, utils.Prehashed(hashes.SHA256()))
            case 0x03:
                return key.sign(data, v15, hashes.SHA256())
            case 0x04 | 0x05:
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
                return key.sign(data, pss, hashes.SHA256())
        raise Refused(Sw.WRONG_P1P2)

    def _internal_authenticate(self, command: Command) -> bytes:
        if not command.data:
            raise Refused(Sw.WRONG_LENGTH)
        key = self._key(command.p2).key
        return key.sign(bytes(command.data)[:_SIGN_BLOCK_MAX], padding.PKCS1v15(), utils.NoDigestInfo())

    def _refuse_conditions(self, _: Command) -> bytes:
        """A terminal certificate needs a state-issued key (facts/card.md §3.7): this card trusts none."""
        raise Refused(Sw.CONDITIONS)

    def _refuse_secure_messaging(self, _: Command) -> bytes:
        raise Refused(Sw.NOT_VERIFIED)
