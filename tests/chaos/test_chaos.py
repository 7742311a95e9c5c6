"""A short run of `make chaos`: the harm is real, and what must be nothing is nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
def test_a_dozen_jobs_end_as_they_should_while_everything_fails(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--harm", "15", "--keep", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"JOBS": "12", "SECONDS": "120", "SEED": "5"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Redis" in run.stdout
    assert "worker killed" in run.stdout
