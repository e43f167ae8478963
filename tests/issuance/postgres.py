"""A PostgreSQL of the tests' own: Debian's, on a Unix socket, with nothing in it and nobody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class Cluster:
    """One server for a test run. It does not sync its files: nothing in it outlives the run."""

    def __init__(self) -> None:
        self._bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
        # Short, for a socket's path is at most 107 bytes; not pytest's folder, for that is 0700 of another user.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/run" if os.geteuid() == 0 else None))
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
        self._run(
            "initdb", "-D", f"{self.folder}/data", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8"
        )
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run(
            "pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start"
        )
        self._made = 0

    def make(self) -> str:
        """The connection string of a new, empty database."""
        self._made += 1
        name = f"town{self._made}"
        self._run("psql", "-h", str(self.folder), "-U", "postgres", "-qc", f"CREATE DATABASE {name}")
        return f"host={self.folder} user=postgres dbname={name}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)

    def restart(self) -> None:
        """As after a crash: connections are cut, what was not committed is gone."""
        self._run(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-m",
            "immediate",
            "-w",
            "-l",
            f"{self.folder}/log",
            "restart",
        )

    def _run(self, program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_user, str(self._bin / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
