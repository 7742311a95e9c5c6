"""Free ports on loopback, for the parts whose address nobody needs to know by heart.

Promises ports that are free, that lie below the kernel's ephemeral range (so that no outgoing
connection takes one between the choice and the start), and that no other house of this user picks
while the process that picked them, or what it became by exec, is alive.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import tempfile
from pathlib import Path

from sandbox.stack.errors import StackError

HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_000
TRIES = 500

_claims: list[int] = []  # descriptors of the files that say "mine", open as long as we live


def is_free(port: int) -> bool:
    """True when a server could listen on `port` of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick(*, taken: set[int], highest: int = HIGHEST, also_free_at: int = 0) -> int:
    """A free port outside `taken`, which then holds it. With `also_free_at`, the port that many
    above it is free too. Raises StackError when there is none."""
    for _ in range(TRIES):
        port = random.randrange(LOWEST, highest)
        wanted = [port, port + also_free_at] if also_free_at else [port]
        if port not in taken and all(is_free(each) and claim(each) for each in wanted):
            taken.add(port)
            return port
    raise StackError(f"No free port was found on {HOST} between {LOWEST} and {highest}.")


class Remembered:
    """The ports of the last start, kept in a file: addresses given out then still lead here."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._taken: set[int] = set()
        try:
            self._known = {name: int(port) for name, port in json.loads(file.read_text()).items()}
        except (OSError, ValueError, AttributeError):
            self._known = {}

    def pick(self, name: str) -> int:
        """Last time's port for `name` if it can be had, else a new one, which is remembered."""
        known = self._known.get(name, 0)
        if known and known not in self._taken and is_free(known) and claim(known):
            self._taken.add(known)
            return known
        self._known[name] = pick(taken=self._taken)
        self._file.write_text(json.dumps(self._known, indent=2))
        return self._known[name]


def claim(port: int) -> bool:
    """Keep `port` from other houses for as long as this process lives; False if one has it."""
    folder = Path(tempfile.gettempdir()) / f"heirloom-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    os.set_inheritable(file, True)  # it survives exec: the store that we become goes on holding it
    _claims.append(file)
    return True


def require(name: str, value: str) -> int:
    """The port that the variable `name` asks for. Raises StackError when it can't be had."""
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise StackError(f"{name} must be a port number between 1 and 65535, not {value!r}.")
    port = int(value)
    if port < 1024 and not _may_bind(port):
        raise StackError(
            f"Port {port} needs more rights than this user has: choose another {name}."
        )
    if not is_free(port):
        raise StackError(
            f"Port {port} on {HOST} is already in use: stop what runs there, "
            f"or choose another with {name}=…"
        )
    return port


def _may_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except PermissionError:
            return False
        except OSError:
            return True
    return True
