"""The bench: isolation, users, and that everything ends together. With the parts that need no kiosk."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.simpanel import places
from drivers.simpanel.session import Session
from kiosk.errors import ConfigError, DeviceUnavailable

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A run whose folder lies in a 0700 folder with a long name, as anybody's may."""
    out = tmp_path_factory.mktemp("bench") / ("long" * 20) / "run"
    with Session(out, ["--only", "card"]) as session:
        yield session


def inside(run: Session) -> int:
    """The pid, seen from here, of the run's process 1."""
    words = f"--out {run.out}"
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if words in line and "--inside" in line and "unshare" not in line.split()[0]:
                return int(folder.name)
    raise AssertionError("process 1 of the run is not there")


def as_user(run: Session, user: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a line of Python inside the run, under a user."""
    where = ["nsenter", "--target", str(inside(run)), "--mount", "--net", "--pid"]
    who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return subprocess.run(
        [*where, *who, sys.executable, "-c", program], capture_output=True, text=True, check=False
    )


def test_only_the_card_process_reaches_the_reader(run: Session) -> None:
    program = "from smartcard.System import readers; print(len(readers()))"
    assert as_user(run, "kiosk-card", program).stdout.strip() == "2"
    for user in ("kiosk-ui", "kiosk-core", "kiosk-sim"):
        refused = as_user(run, user, program)
        assert refused.returncode != 0, f"{user} reached pcscd"
        assert "EstablishContextException" in refused.stderr


@pytest.mark.parametrize(
    ("user", "folder", "may"),
    [
        ("kiosk-ui", "/run/kiosk/core", True),
        ("kiosk-core", "/run/kiosk/core", True),
        ("kiosk-card", "/run/kiosk/core", False),
        ("kiosk-core", "/run/kiosk/card", True),
        ("kiosk-ui", "/run/kiosk/card", False),
        ("kiosk-ui", "/run/kiosk/pin", True),
        ("kiosk-core", "/run/kiosk/pin", False),
        ("kiosk-core", "/run/sim/state/core", True),
        ("kiosk-ui", "/run/sim/state/core", False),
        ("kiosk-core", "/run/sim/state/card", False),
        ("kiosk-sim", "/run/sim/state/issuance", False),
    ],
)
def test_a_folder_is_the_first_lock(run: Session, user: str, folder: str, may: bool) -> None:
    program = f"import os; os.listdir({folder!r})"
    assert (as_user(run, user, program).returncode == 0) is may


def test_the_outside_sees_none_of_its_ports(run: Session) -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 35963)) != 0


def test_a_second_run_beside_it_meets_nothing(run: Session, tmp_path: Path) -> None:
    with Session(tmp_path / "second", ["--only", "card"]) as second:
        second.do("place-card", "taro")
        assert run.do("sim", "card", "status")["occupied"] is False
        assert second.do("sim", "card", "status")["occupied"] is True


def test_its_ptys_are_nobody_elses(run: Session) -> None:
    """Else a freed number would go to another run, and a core would pay out of a stranger's hoppers."""
    program = "import os; print(os.fstat(os.openpty()[1]).st_dev)"
    its_own = int(as_user(run, "kiosk-sim", program).stdout)
    here = os.openpty()
    assert its_own != os.fstat(here[1]).st_dev
    for descriptor in here:
        os.close(descriptor)


def test_a_device_that_is_pulled_takes_its_line_along(tmp_path: Path) -> None:
    with Session(tmp_path / "run", ["--only", "escpos"]) as run:
        program = "import os; os.stat('/run/bench/escpos/tty')"
        assert as_user(run, "kiosk-sim", program).returncode == 0
        run.do("pull-plug-of", "receipt")
        assert as_user(run, "kiosk-sim", program).returncode == 1
        run.do("plug-in", "receipt")
        assert as_user(run, "kiosk-sim", program).returncode == 0


def test_a_part_that_dies_is_named_and_can_come_again(run: Session) -> None:
    run.do("pull-plug-of", "card")
    assert run.do("status")["parts"]["card"] == "does not run"
    with pytest.raises(ConfigError):
        run.do("place-card", "hanako")
    run.do("plug-in", "card")
    assert run.do("place-card", "hanako")["card"] == "hanako"
    run.do("remove-card")


def test_everything_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    """A test run that is killed leaves no daemon behind."""
    program = (
        "import sys; from pathlib import Path; from drivers.simpanel.session import Session\n"
        "Session(Path(sys.argv[1]), ['--only', 'card']).start(); print('up', flush=True); input()"
    )
    environment = {**os.environ, "PYTHONPATH": str(places.code_root())}
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert starter.stdout is not None and starter.stdin is not None
    assert starter.stdout.readline() == b"up\n"
    one = inside(Session(tmp_path / "run"))
    ended = os.pidfd_open(one)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    starter.stdin.close()
    signalled = _ends_within(ended, 20.0)
    assert signalled, "process 1 of the run outlived its starter"


def _ends_within(pidfd: int, seconds: float) -> bool:

    waiting = select.poll()
    waiting.register(pidfd, select.POLLIN)
    try:
        return bool(waiting.poll(seconds * 1000))
    finally:
        os.close(pidfd)


def test_a_part_that_cannot_start_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--only knows"):
        Session(tmp_path / "run", ["--only", "nonsense"]).start()


def test_do_without_a_run_says_so(tmp_path: Path) -> None:
    (tmp_path / "control.sock").touch()
    with pytest.raises(DeviceUnavailable):
        Session(tmp_path).do("status")
