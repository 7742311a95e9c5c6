"""The rooms of the house, and which way imports point between them (pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from importlinter import cli

ROOT = Path(__file__).resolve().parent.parent


def rules() -> dict[str, Any]:
    rules: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return dict(rules["tool"]["importlinter"])


def test_imports_point_one_way():
    assert cli.lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_every_package_of_the_house_is_watched():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests"} == set(rules()["root_packages"])


@pytest.mark.parametrize(
    ("app", "contract"),
    [
        ("jobs", "The journey's rooms point one way"),
        ("accounts", "The rooms of members and money point one way"),
    ],
)
def test_every_room_has_its_place_in_the_layers(app: str, contract: str):
    (layers,) = [rule["layers"] for rule in rules()["contracts"] if rule["name"] == contract]
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    rooms = {
        f"{app}.{path.stem}"
        for path in (ROOT / app).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert (
        rooms - placed - {f"{app}.{name}" for name in ("__init__", "apps", "migrations")} == set()
    )


def test_the_gateway_can_be_used_without_django():
    code = "import sys, jobs.gateway.pixazo, jobs.gateway.output;sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
