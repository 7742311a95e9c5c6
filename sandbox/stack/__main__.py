"""`python -m sandbox.stack`: the whole house as one foreground process.

Ends with status 0 on Ctrl-C or SIGTERM, and with one sentence on stderr and status 1 when a port is
taken, another house lives in the same folder, or a process dies.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values
from honcho.environ import parse_procfile

from sandbox.stack import certificate, credentials, plan, ports, readiness
from sandbox.stack.errors import StackError
from sandbox.stack.supervisor import Supervisor, stop_with

ROOT = Path(__file__).resolve().parents[2]


def options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    parser.add_argument("--var", type=Path, help="the data folder (else VAR_DIR, else var/)")
    parser.add_argument("--free-ports", action="store_true", help="choose a free PORT too")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--no-dotenv", action="store_true", help="don't read the file .env")
    parser.add_argument("--ready-file", type=Path, help="written, as JSON, when all is ready")
    parser.add_argument("--stop-with-parent", action="store_true", help="end when it has ended")
    parser.add_argument("--procfile", type=Path, default=ROOT / "Procfile")
    return parser.parse_args(argv)


def environment(chosen: argparse.Namespace, environ: Mapping[str, str]) -> dict[str, str]:
    """The command line over the environment over `.env`."""
    dotenv = {} if chosen.no_dotenv else dotenv_values(ROOT / ".env")
    found = {name: value or "" for name, value in dotenv.items()} | dict(environ)
    for pair in chosen.env:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise StackError(f"--env wants NAME=VALUE, not {pair!r}.")
        found[name] = value
    if chosen.free_ports and not any(pair.startswith("PORT=") for pair in chosen.env):
        found["PORT"] = str(ports.pick(taken=set()))
    # The processes must find this virtual environment's programs, activated or not.
    found["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), found.get("PATH", "")])
    return found


@contextmanager
def alone_in(var: Path) -> Iterator[None]:
    """Hold the folder. Raises StackError when another house lives in it."""
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (var / ".lock").open("a+")
    except OSError as problem:
        raise StackError(f"The data folder {var} can't be used: {problem.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise StackError(
                f"Another Heirloom (process {lock.read().strip() or 'unknown'}) already runs on "
                f"{var}: stop it, or choose another folder with VAR_DIR=…"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def run(chosen: argparse.Namespace, environ: Mapping[str, str]) -> None:
    found = environment(chosen, environ)
    var = (chosen.var or Path(found.get("VAR_DIR") or ROOT / "var")).resolve()
    with alone_in(var):
        remembered = ports.Remembered(var / "ports.json")

        def port_for(name: str, value: str) -> int:
            return ports.require(name, value) if value else remembered.pick(name)

        if chosen.ready_file:
            chosen.ready_file.unlink(missing_ok=True)
        house = plan.assemble(
            found | {"VAR_DIR": str(var)},
            var=var,
            procfile=parse_procfile(chosen.procfile.read_text()).processes,
            credentials=credentials.load(var),
            certificate=certificate.make(var),
            port_for=port_for,
        )
        supervisor = Supervisor(house, ROOT)
        given_up: list[str] = []

        def give_up(sentence: str) -> None:
            given_up.append(sentence)
            supervisor.terminate()

        if chosen.stop_with_parent:
            stop_with(os.getppid(), supervisor)
        readiness.announce_when_ready(
            house.addresses,
            port=int(house.env["PORT"]),
            stopping=supervisor.stopping,
            say=supervisor.say,
            give_up=give_up,
            ready_file=chosen.ready_file,
        )
        print(f"Starting {', '.join(house.processes)} …", flush=True)
        supervisor.run()
        if given_up:
            raise StackError(given_up[0])


def main() -> int:
    # Until honcho takes the signals over, they must end us just as quietly.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    try:
        run(options(sys.argv[1:]), os.environ)
    except StackError as problem:
        sys.stdout.flush()
        print(f"Heirloom can't run: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
