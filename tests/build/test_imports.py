"""Rules of DESIGN 3 that import-linter has no word for: allow-lists, one module per vendor library."""

import pytest

from tests.build.tree import PACKAGES, Import, files, imports, is_within

# A vendor's library stands behind one module: replacing it, or reading what it is asked to do, is one file. The
# server is another house (it imports nothing of ours), so it may have one module of its own.
VENDOR_LIBRARIES = (
    "dlib",
    "escpos",
    "face_recognition",
    "picamera2",
    "pyopenjtalk",
    "pypdfium2",
    "pyzbar",
    "serial",
    "smartcard",
    "systemd",
    "typst",
)

# What a package may know of the house. Deny-lists are in pyproject.toml; these also stop what is new.
MAY_IMPORT = {
    "screens": (
        "screens",
        "i18n",
        "kiosk.errors",  # what kiosk.ipc.client raises
        "kiosk.ids",
        "kiosk.intents",
        "kiosk.ipc.client",
        "kiosk.ipc.secret_slot",
        "kiosk.ipc.voice_wire",
        "kiosk.ipc.wire",  # a line's decoder, for the voice process's answers
        "kiosk.messages",
        "kiosk.money",
        "kiosk.view",
    ),
    "drivers": (
        "drivers",
        "kiosk.clock",
        "kiosk.errors",
        "kiosk.ids",
        "kiosk.messages",
        "kiosk.money",
        "kiosk.ports",
    ),
    "i18n": ("i18n", "kiosk.money"),
    "issuance": ("issuance",),
}
# The processes among the drivers talk over sockets, and so does the harness's eye in the screens.
ALSO = {
    "drivers.card_service": ("kiosk.ipc", "kiosk.plain"),
    "drivers.face": ("kiosk.ipc", "kiosk.plain"),
    "drivers.voice": ("i18n", "kiosk.ipc", "kiosk.plain"),
    "drivers.simpanel": ("kiosk.ipc", "kiosk.plain"),
    "drivers.transport.sim.kept": ("kiosk.durable",),  # a simulated device's memory
    "screens.probe": ("kiosk.plain",),
}


def ours(found: Import) -> bool:
    return any(is_within(found.imported, package) for package in PACKAGES)


def allowed(found: Import) -> bool:
    package = found.importer.split(".")[0]
    prefixes = MAY_IMPORT[package] + tuple(
        prefix for folder, more in ALSO.items() if is_within(found.importer, folder) for prefix in more
    )
    # `from kiosk import money` is written kiosk.money here
    return any(is_within(found.imported, prefix) for prefix in prefixes)


@pytest.mark.parametrize("house", ["kiosk", "server"])
@pytest.mark.parametrize("library", VENDOR_LIBRARIES)
def test_a_vendor_library_is_imported_in_one_module(library: str, house: str) -> None:
    own = [name for name in files() if name.startswith("issuance/") == (house == "server")]
    importers = {found.importer for found in imports(own) if is_within(found.imported, library)}
    assert len(importers) <= 1, f"{library}: {sorted(importers)}"


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_knows_only_what_it_may(package: str) -> None:
    own = [name for name in files() if name.startswith(package + "/")]
    wrong = [str(found) for found in imports(own) if ours(found) and not allowed(found)]
    assert wrong == []


def test_only_the_registry_is_known_by_name() -> None:
    """The core reaches a driver by its registry name: a vendor's may live outside this tree."""
    core = [name for name in files() if name.startswith("kiosk/")]
    known = {found.imported for found in imports(core) if is_within(found.imported, "drivers")}
    assert [name for name in known if not is_within(name, "drivers.registry")] == []
