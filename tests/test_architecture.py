"""The rooms of the house, and which way imports point between them (pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

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


def test_every_room_of_the_journey_has_its_place_in_the_layers():
    (layers,) = [
        rule["layers"]
        for rule in rules()["contracts"]
        if rule["name"] == "The journey's rooms point one way"
    ]
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    rooms = {
        f"jobs.{path.stem}"
        for path in (ROOT / "jobs").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - placed - {"jobs.__init__", "jobs.apps", "jobs.migrations"} == set()


def test_the_gateway_can_be_used_without_django():
    code = "import sys, jobs.gateway.pixazo, jobs.gateway.output;sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
