"""A server's folder on disk: made by `init`, told about cards by `trust`, opened by `run`.

tls/           ca.key ca.pem server.key server.pem
manifest.key   the town's Ed25519 key
seal/          the Ed25519 key of visible seals (<id>.key), and all public keys there ever were (<id>.pem)
issuance.db    SQLite; or instead
database       the connection string of a PostgreSQL database
register.db    the residents' register, when one was loaded (`load`)
town/          municipality.toml, residents.csv (a copy of the specimen; a town edits or replaces it), and where the
               town has its own: certificates/ (all of them, a copy of ours to begin with), letters.toml
jpki/roots/    pinned roots, PEM      jpki/crl/  revocation lists
kiosk/         what the first kiosk needs: device.key device.pem server-ca.pem manifest-key.pem
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

from issuance import auth, indexed, pki
from issuance.audit import Entry
from issuance.auth import CertificateJudge
from issuance.basic_data import Delivery
from issuance.clock import Clock, town_day
from issuance.fetch import FetchError, get_list
from issuance.manifest import ManifestSigner
from issuance.names import NameGuard, read_letters
from issuance.ocsp import OcspChecker
from issuance.office import Office, stamp
from issuance.register import CheckedRegister, FileRegister, ResidentRegister
from issuance.render import Renderer
from issuance.revocation import CrlChecker, FirstThatKnows, RevocationChecker, is_of, read_list
from issuance.seal import Sealer, key_id
from issuance.sqlite import SqliteStore
from issuance.store import Link, Store, Tx
from issuance.town import Kind, RevocationSources, Town, read_kinds, read_town

HERE = Path(__file__).parent
SPECIMEN = HERE / "sample"
CERTIFICATES = HERE / "certificates"
FONT = Path("/usr/share/fonts/truetype/ipamj/ipamjm.ttf")
"""Debian's fonts-ipamj-mincho."""


class SetupError(Exception):
    """The folder or a file given to a command cannot be used."""


def init(folder: Path, *, kiosk: str, hosts: list[str], town: Path, clock: Clock, database: str = "") -> None:
    """A new server: all keys are made here and never leave, but for the kiosk's own in `kiosk/`. `database`: the
    connection string of an empty PostgreSQL database; SQLite without one."""
    if (folder / "manifest.key").exists():
        raise SetupError("this folder holds a server already")
    now = clock.now()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if database:
        (folder / "database").write_text(database + "\n", encoding="utf-8")
    for name in ("tls", "jpki", "jpki/roots", "jpki/crl"):
        (folder / name).mkdir(mode=0o700)
    shutil.copytree(town, folder / "town")
    FileRegister(folder / "town")
    read_town(folder / "town")
    pki.make_authority(folder / "tls", now)
    pki.make_server_certificate(folder / "tls", hosts, now)
    pki.make_manifest_key(folder / "manifest.key")
    pki.make_seal_key(folder / "seal")
    enrol(folder, kiosk=kiosk, out=folder / "kiosk", clock=clock)


def enrol(folder: Path, *, kiosk: str, out: Path, clock: Clock) -> None:
    """Key and certificate for one more machine, and its place on the allow-list."""
    now = clock.now()
    row = pki.make_kiosk(folder / "tls", out, kiosk, now)
    (out / "manifest-key.pem").write_bytes(pki.public_pem(folder / "manifest.key"))
    store = open_store(folder)
    try:
        store.run_now(lambda tx: tx.put(row))
        store.run_now(
            lambda tx: tx.append(Entry(stamp(now), "enrolled", kiosk=kiosk, detail=row.fingerprint))
        )
    finally:
        store.close()


def add_operator(folder: Path, *, name: str, out: Path, clock: Clock) -> None:
    """Key and certificate for somebody who looks after the kiosks."""
    now = clock.now()
    row = pki.make_operator(folder / "tls", out, name, now)
    store = open_store(folder)
    try:
        store.run_now(lambda tx: tx.put(row))
        store.run_now(lambda tx: tx.append(Entry(stamp(now), "operator-added", detail=name)))
    finally:
        store.close()


def trust(folder: Path, *, roots: list[Path], crls: list[Path], links: Path, clock: Clock) -> tuple[int, int]:
    """Replaces pinned roots, revocation lists and the list of whose certificate is whose; (linked, unknown
    residents).
    """
    town = read_town(folder / "town")
    certificates = [_root(town, file) for file in roots]
    register = open_register(folder, clock)
    rows = list(_links(links, certificates))
    known = [row for row in rows if register.resident(row.resident) is not None]
    for sub in ("roots", "crl"):
        for old in (folder / "jpki" / sub).iterdir():
            old.unlink()
    for root in certificates:
        name = root.fingerprint(hashes.SHA256()).hex()
        (folder / "jpki" / "roots" / f"{name}.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    for file in crls:
        shutil.copyfile(file, folder / "jpki" / "crl" / file.name)
    entry = Entry(stamp(clock.now()), "trusted", detail=f"{len(certificates)} roots {len(known)} links")

    def relink(tx: Tx) -> None:
        tx.forget(Link)
        for row in known:
            tx.put(row)
        tx.append(entry)

    store = open_store(folder)
    try:
        store.run_now(relink)
    finally:
        store.close()
    return len(known), len(rows) - len(known)


def open_store(folder: Path) -> Store:
    """The database of a server's folder."""
    file = folder / "database"
    if not file.exists():
        return SqliteStore(folder / "issuance.db")
    from issuance.postgres import PostgresStore  # noqa: PLC0415  # SQLite needs no libpq

    return PostgresStore(file.read_text(encoding="utf-8").strip())


def open_register(folder: Path, clock: Clock) -> ResidentRegister:
    """What was loaded last; the town's own files where nothing ever was (the specimen)."""
    file = folder / indexed.FILE
    if file.exists():
        return CheckedRegister(indexed.IndexedRegister(file))
    return CheckedRegister(FileRegister(folder / "town", lambda: town_day(clock.now())))


def load_register(folder: Path, delivery: Path, clock: Clock) -> dict[str, int]:
    """Make the register anew from a delivery of basic data; the workers see it at their next question."""
    counts = indexed.load(Delivery(delivery), folder / indexed.FILE)
    detail = " ".join(f"{key}={rows}" for key, rows in counts.items())
    store = open_store(folder)
    try:
        store.run_now(lambda tx: tx.append(Entry(stamp(clock.now()), "register-loaded", detail=detail)))
    finally:
        store.close()
    return counts


def open_office(folder: Path, *, font: Path, clock: Clock, store: Store | None = None) -> Office:
    """Everything `run` needs, from the folder; warm, so that the first resident does not wait."""
    town = read_town(folder / "town")
    certificates = certificates_of(folder)
    kinds = read_kinds(certificates)
    roots = [_root(town, file) for file in sorted((folder / "jpki" / "roots").glob("*.pem"))]
    return Office(
        town=town,
        kinds=kinds,
        register=open_register(folder, clock),
        judge=CertificateJudge(roots, checker_of(town.revocation, folder / "jpki" / "crl")),
        guard=NameGuard.of_font(font, read_letters(folder / "town" / "letters.toml")),
        renderer=renderer_of(kinds, font, certificates),
        signer=ManifestSigner((folder / "manifest.key").read_bytes()),
        sealer=_sealer(folder, town),
        store=store or open_store(folder),
        clock=clock,
        authority=pki.TlsAuthority(folder / "tls"),
    )


def checker_of(asked: RevocationSources, lists: Path) -> RevocationChecker:
    """The town's sources of revocation, in its order."""
    known: dict[str, RevocationChecker] = {"crl": CrlChecker(lists)}
    if asked.ocsp_url:
        known["ocsp"] = OcspChecker(asked.ocsp_url, asked.ocsp_names_by, asked.ocsp_nonce_required)
    return FirstThatKnows([known[name] for name in asked.sources])


def fetch_lists(folder: Path) -> list[tuple[str, str]]:
    """Bring the town's lists up to date: (address, `fetched` | `same` | why not) of each. A list that no pinned root
    signed, or that is older than the one that is here, is not taken."""
    town = read_town(folder / "town")
    roots = [_root(town, file) for file in sorted((folder / "jpki" / "roots").glob("*.pem"))]
    return [(url, _fetch_list(url, folder / "jpki" / "crl", roots)) for url in town.revocation.crl_urls]


def _fetch_list(url: str, lists: Path, roots: list[x509.Certificate]) -> str:
    try:
        data = get_list(url)
    except FetchError as why:
        return str(why)
    found = read_list(data)
    if found is None:
        return "not-a-list"
    if not any(is_of(found, root) for root in roots):
        return "of-nobody-pinned"
    file = lists / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.crl"
    before = read_list(file.read_bytes()) if file.exists() else None
    if before is not None and found.last_update_utc < before.last_update_utc:
        return "older-than-ours"
    if before == found:
        return "same"
    fresh = lists.parent / file.name  # beside the folder that a running server reads
    fresh.write_bytes(data)
    fresh.replace(file)
    return "fetched"


def rotate_seal(folder: Path, clock: Clock) -> str:
    """A new key for visible seals from the next start of each worker; its name."""
    name = pki.make_seal_key(folder / "seal")
    store = open_store(folder)
    try:
        store.run_now(lambda tx: tx.append(Entry(stamp(clock.now()), "seal-key", detail=name)))
    finally:
        store.close()
    return name


def seal_keys(folder: Path) -> dict[bytes, Ed25519PublicKey]:
    """Every key that ever sealed a paper of this town, by its id."""
    found = {}
    for file in (folder / "seal").glob("*.pem"):
        key = serialization.load_pem_public_key(file.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            found[key_id(key)] = key
    return found


def _sealer(folder: Path, town: Town) -> Sealer:
    keys = list((folder / "seal").glob("*.key"))
    if len(keys) != 1:
        raise SetupError("this folder has no seal key: issuance-server rotate-seal")
    return Sealer(keys[0].read_bytes(), town.verify_address)


def certificates_of(folder: Path) -> Path:
    """The town's own certificates, where it keeps a copy that it changes; else ours."""
    own = folder / "town" / "certificates"
    return own if own.is_dir() else CERTIFICATES


def renderer_of(kinds: Mapping[str, Kind], font: Path, certificates: Path = CERTIFICATES) -> Renderer:
    """A renderer for these kinds, drawing with the fonts of this font's folder only."""
    templates = {key: str(Path(key) / kind.template) for key, kind in kinds.items()}
    return Renderer(certificates, templates, [font.parent])


def _root(town: Town, file: Path) -> x509.Certificate:
    """A root to pin. In production only the real authority's name is let in: a test card must open nothing
    there.
    """
    try:
        root = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise SetupError(f"{file.name}: not a certificate in PEM") from error
    if not auth.is_authority(root):
        raise SetupError(f"{file.name}: this certificate may not issue others")
    organisations = [each.value for each in root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if town.environment == "production" and organisations != ["JPKI"]:
        raise SetupError(f"{file.name}: not a root of JPKI, and this is production")
    return root


def _links(file: Path, roots: list[x509.Certificate]) -> Iterator[Link]:
    """Rows of `certificate_serial_hex,resident_id[,issuer_sha256]`; the issuer may be left out when there
    is one root.
    """
    issuers = {root.fingerprint(hashes.SHA256()).hex(): root for root in roots}
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            given = row.get("issuer_sha256")
            root = issuers.get(given) if given else (roots[0] if len(roots) == 1 else None)
            try:
                serial = int(row["certificate_serial_hex"], 16)
                resident = row["resident_id"]
            except (KeyError, TypeError, ValueError):
                raise SetupError(f"{file.name}: line {number} is not a link") from None
            if root is None:
                raise SetupError(f"{file.name}: line {number} names no issuer that is trusted")
            yield Link(auth.link_key(root, serial), resident)
