"""The sandbox's S3: a real SeaweedFS with real signatures, on loopback alone.

`python -m sandbox.s3` becomes the server, so signals and the exit status are the server's own.
Told by the environment: S3_PORT, VAR_DIR, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.

Of its ten ports only the S3 one asks for a signature. The filer's serves every object to whoever
can reach it, which is why nothing here ever listens beyond 127.0.0.1.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from sandbox.stack import ports

HOST = "127.0.0.1"
MEMORY_LIMIT = "512MiB"  # near what it holds, Go tidies up all the time: a tenth of a processor
MISSING = (
    "The sandbox's S3 has no program for this machine: run `make run` again to install it, "
    "or set S3_ENDPOINT_URL to an S3 of your own."
)
INNER_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
    "filer.port", "filer.port.grpc", "s3.port.grpc", "admin.port",
)  # fmt: skip
ADMIN_GRPC_OFFSET = 10_000  # weed's own worker looks for it there, whatever it was told


def program() -> str | None:
    """Where `weed` is: beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


def inner_ports(directory: Path) -> dict[str, int]:
    """The ports of the last start if they are all free, else new ones, which are remembered: the
    store keeps a folder of its own for each master port."""
    file = directory / "ports.json"
    try:
        known = {name: int(port) for name, port in json.loads(file.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        known = {}
    if set(known) == set(INNER_PORTS) and all(
        ports.is_free(port) and ports.claim(port) for port in known.values()
    ):
        return known
    taken: set[int] = set()
    highest = ports.HIGHEST - ADMIN_GRPC_OFFSET
    fresh = {"admin.port": ports.pick(taken=taken, highest=highest, also_free_at=ADMIN_GRPC_OFFSET)}
    for name in INNER_PORTS:
        fresh.setdefault(name, ports.pick(taken=taken))
    file.write_text(json.dumps(fresh, indent=2))
    return fresh


def write_identity(directory: Path, access_key: str, secret_key: str) -> Path:
    """The one identity that may sign, in a file for this user alone."""
    path = directory / "identity.json"
    identity = {
        "name": "heirloom",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin"],
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"identities": [identity]}, file)
    return path


def command(weed: str, port: int, directory: Path, identity: Path) -> list[str]:
    """The server's command line: weed's defaults are open to the network and to strangers."""
    inner = inner_ports(directory)
    inner["admin.port.grpc"] = inner["admin.port"] + ADMIN_GRPC_OFFSET
    data, logs = directory / "data", directory / "logs"
    data.mkdir(exist_ok=True)
    logs.mkdir(exist_ok=True)
    return [
        weed,
        f"-logdir={logs}", "-alsologtostderr=false", "-stderrthreshold=FATAL",
        "-log_max_files=2", "-log_max_size_mb=10",
        "mini", f"-dir={data}",
        f"-ip={HOST}", f"-ip.bind={HOST}",
        "-master.telemetry=false", "-admin.ui=false", "-webdav=false",
        "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false",
        f"-s3.config={identity}", f"-s3.port={port}",
        "-volume.id=heirloom",  # else it is named after a port that may change
        *(f"-{name}={number}" for name, number in inner.items()),
    ]  # fmt: skip


def main() -> None:
    weed = program()
    if weed is None:
        sys.exit(MISSING)
    port = int(os.environ.get("S3_PORT") or 8333)
    directory = Path(os.environ.get("VAR_DIR") or "var").resolve() / "s3"
    directory.mkdir(parents=True, exist_ok=True)
    identity = write_identity(
        directory,
        os.environ.get("AWS_ACCESS_KEY_ID") or "sandbox",
        os.environ.get("AWS_SECRET_ACCESS_KEY") or "sandbox-secret",
    )
    line = command(weed, port, directory, identity)
    log = directory / "logs" / "weed.out"
    print(f"SeaweedFS on http://{HOST}:{port} (its logs: {log.parent})", flush=True)
    with log.open("wb") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
    try:
        os.execve(weed, line, {**os.environ, "GOMEMLIMIT": MEMORY_LIMIT})
    except OSError:
        sys.exit(MISSING)


if __name__ == "__main__":
    main()
