"""Sealed checkpoints: where a start begins, and what a seal proves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec.structs import replace

from kiosk.enrolment.keys import FileKey
from kiosk.errors import ConfigError, JournalError
from kiosk.journal import ledger as books
from kiosk.journal import reading
from kiosk.journal import records as r
from kiosk.journal.checkpoint import FileVerifier, seal
from kiosk.journal.reading import chain_hash, open_for_reading, verify_store
from kiosk.money import Denomination, Yen
from kiosk.plain import encode
from tests.journal.story import opened, session, stock


def write_key(path: Path, curve: ec.EllipticCurve | None = None) -> tuple[Path, Path]:
    """A private and a public key file."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    private, public = path.with_suffix(".private"), path.with_suffix(".public")
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return write_key(tmp_path / "device")


@pytest.fixture
def path(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """A journal: a session, a seal, a session, a seal, a session."""
    made = tmp_path / "journal.db"
    with closing(opened(made)) as store:
        store.append([stock()])
    for number in (1, 2, 3):
        with closing(opened(made)) as store:
            store.append(session(number))
        if number < 3:
            sealed(made, FileKey(keys[0]))
    return made


def sealed(path: Path, signer: FileKey, **changes: object) -> None:
    """Seal the journal as it stands; `changes` make the seal false."""
    with closing(opened(path)) as store:
        checkpoint = seal(store.recovered, store.head[1], signer)
        store.append([replace(checkpoint, **changes) if changes else checkpoint])


def full(path: Path, *keys: Path) -> reading.Verified:
    with closing(open_for_reading(path)) as connection:
        return verify_store(connection, FileVerifier(*keys), is_full=True)


def test_a_start_from_the_last_seal_gives_the_balances_of_a_start_from_the_beginning(
    path: Path, keys: tuple[Path, Path]
) -> None:
    with closing(opened(path)) as store:
        whole = store.recovered
    with closing(opened(path, FileVerifier(keys[1]))) as store:
        assert store.recovered == whole
        assert store.head[0] == 27
    assert full(path, keys[1]).seals == 2


def test_a_start_reads_only_what_is_behind_the_seal(path: Path, keys: tuple[Path, Path]) -> None:
    """An edit before the seal does not stop the kiosk in the morning; the full check names it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER no_update")
        connection.execute("UPDATE records SET boot = 'x' WHERE seq = 2")
        connection.commit()
    opened(path, FileVerifier(keys[1])).close()
    with pytest.raises(JournalError, match="broken at record 2"):
        full(path, keys[1])
    with pytest.raises(JournalError):
        opened(path)


def rewritten(path: Path, seq: int, **changes: object) -> None:
    """A forger with the disk, but without the key: one record changed, every hash behind it made to fit."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        connection.execute("DROP TRIGGER no_update")
        rows = connection.execute(reading._SELECT, (0,)).fetchall()
        last = reading.GENESIS
        for number, form, wall, boot, body, _, _ in rows:
            if number == seq:
                body = encode(replace(reading.CODEC.decode(body), **changes))  # noqa: PLW2901
            digest = chain_hash(last, number, form, wall, boot, body)
            row = (body.decode(), last, digest, number)
            connection.execute("UPDATE records SET record = ?, prev = ?, hash = ? WHERE seq = ?", row)
            last = digest
        connection.commit()


def test_a_forged_chain_fails_at_the_seal(path: Path, keys: tuple[Path, Path]) -> None:
    rewritten(path, 3, denomination=Denomination.COIN10)
    with closing(open_for_reading(path)) as connection:
        reading.verify_chain(connection)  # the chain alone cannot tell
    with pytest.raises(JournalError, match="seal at record 10 is false"):
        full(path, keys[1])
    with pytest.raises(JournalError, match="seal at record 19 is false"):
        opened(path, FileVerifier(keys[1]))


def test_sealed_balances_must_be_those_of_the_records(path: Path, keys: tuple[Path, Path]) -> None:
    """Signed by the right key, and still not true: a core that sealed what it did not fold."""
    with closing(opened(path)) as store:
        wrong = replace(store.recovered, float_amount=store.recovered.float_amount + Yen(1))
        store.append([seal(wrong, store.head[1], FileKey(keys[0]))])
    with pytest.raises(JournalError, match="are not those of the records"):
        full(path, keys[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": b"\0" * 70},
        {"signature": b""},
        {"balances": books.encode(books.EMPTY)},
        {"upto": 1},
        {"upto": 99},
        {"head": "00" * 32},
        {"head": "例" * 64},
        {"key_id": "somebody else's"},
    ],
    ids=str,
)
def test_a_false_seal_stops_the_start(
    path: Path, keys: tuple[Path, Path], changes: dict[str, object]
) -> None:
    sealed(path, FileKey(keys[0]), **changes)
    with pytest.raises(JournalError, match="the seal at record 28 is false"):
        opened(path, FileVerifier(keys[1]))
    with pytest.raises(JournalError, match="the seal at record 28 is false"):
        full(path, keys[1])


def test_an_earlier_device_key_may_stay_known(path: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    new_private, new_public = write_key(tmp_path / "new")
    with pytest.raises(JournalError):
        opened(path, FileVerifier(new_public))
    opened(path, FileVerifier(new_public, keys[1])).close()
    sealed(path, FileKey(new_private))
    opened(path, FileVerifier(new_public)).close()  # the last seal is what a start needs
    assert full(path, new_public, keys[1]).seals == 3


def test_balances_of_another_releases_shape_are_folded_again(
    path: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(opened(path)) as store:
        whole = store.recovered
    monkeypatch.setattr(books, "SHAPE", 0)
    with closing(opened(path, FileVerifier(keys[1]))) as store:
        assert store.recovered == whole
    assert full(path, keys[1]).seals == 2


def test_without_a_key_no_seal_is_trusted(path: Path) -> None:
    rewritten(
        path, 20, number="9999"
    )  # behind the last seal nothing but the server's copy of the head can tell
    with closing(opened(path)) as store:
        assert store.head[0] == 27


def test_keys_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("-----BEGIN NOTHING-----")
    other, other_public = write_key(tmp_path / "other", ec.SECP384R1())
    for file in (bad, tmp_path / "none", other):
        with pytest.raises(ConfigError, match=str(tmp_path)):
            FileKey(file)
    checkpoint = r.Checkpoint(1, "00", b"", b"", "")
    for file in (bad, tmp_path / "none", other_public):
        with pytest.raises(ConfigError, match=str(tmp_path)):
            FileVerifier(file)(checkpoint)
