"""What one run of the gateway is told at its start, by the environment and the command line.

Promises an immutable, checked `Settings`: a wrong value ends in one sentence, never a traceback.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.gateway.faults import UnknownFault, parse_rates

PICTURE_MODES = ("restore", "echo")


@dataclass(frozen=True, slots=True)
class Settings:
    """One run's configuration.

    `latency_seconds` is how long a request takes besides its picture work. `fault_rates` maps a
    fault's name to its probability in [0, 1]; `seed` makes those dice repeatable.
    """

    port: int = 8010
    api_key: str = "sandbox-key"
    directory: Path = Path("var/sandbox")
    fal_key: str = "sandbox-id:sandbox-secret"
    latency_seconds: float = 1.5
    pictures: str = "restore"
    fault_rates: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    picture_workers: int = 2

    @property
    def database(self) -> Path:
        return self.directory / "gateway.sqlite3"

    @property
    def outputs(self) -> Path:
        return self.directory / "outputs"


def parse(argv: Sequence[str], environ: Mapping[str, str] = os.environ) -> Settings:
    """Read `argv` over `environ` over the defaults; a wrong value exits with status 2."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.gateway",
        description="A local stand-in for the Pixazo restoration gateway.",
    )
    parser.add_argument("--port", default=environ.get("SANDBOX_GATEWAY_PORT", "8010"), type=int)
    parser.add_argument("--api-key", default=environ.get("PIXAZO_API_KEY") or "sandbox-key")
    parser.add_argument("--fal-key", default=environ.get("FAL_KEY") or "sandbox-id:sandbox-secret")
    parser.add_argument("--directory", default=environ.get("SANDBOX_DIR", "var/sandbox"), type=Path)
    parser.add_argument(
        "--latency-seconds", default=environ.get("SANDBOX_LATENCY_SECONDS", "1.5"), type=float
    )
    parser.add_argument(
        "--pictures", default=environ.get("SANDBOX_PICTURES", "restore"), choices=PICTURE_MODES
    )
    parser.add_argument(
        "--faults",
        default=environ.get("SANDBOX_FAULTS", ""),
        metavar="NAME=RATE,…",
        help="how often each fault strikes, for example failed=0.1,drop=0.05",
    )
    parser.add_argument("--seed", default=environ.get("SANDBOX_SEED") or None, type=int)
    options = parser.parse_args(argv)
    if options.pictures not in PICTURE_MODES:  # argparse does not check a default
        parser.error(f"SANDBOX_PICTURES must be one of: {', '.join(PICTURE_MODES)}")
    if not 0 <= options.latency_seconds < float("inf"):
        parser.error("SANDBOX_LATENCY_SECONDS must be a number of seconds, 0 or more")
    try:
        rates = parse_rates(options.faults)
    except (UnknownFault, ValueError) as error:
        parser.error(f"SANDBOX_FAULTS: {error}")
    return Settings(
        port=options.port,
        api_key=options.api_key,
        directory=options.directory,
        fal_key=options.fal_key,
        latency_seconds=options.latency_seconds,
        pictures=options.pictures,
        fault_rates=rates,
        seed=options.seed,
        picture_workers=max(1, os.cpu_count() or 1),
    )
