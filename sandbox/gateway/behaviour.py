"""How the gateway behaves right now, and which faults the next request gets.

Starts as the run's `Settings` say and can be changed while it runs (see ``control.py``). Promises
repeatable dice for a given seed, and at most one fault per stage for one request.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.gateway.faults import FAULTS, check_rates, parse_names
from sandbox.gateway.settings import PICTURE_MODES, Settings

DEFAULT_LATE_SECONDS = 3.0
DEFAULT_SLOW_SECONDS = 30.0


@dataclass(slots=True)
class Planned:
    """Faults waiting for the next `times` submissions, of one model or (None) of any."""

    faults: tuple[str, ...]
    model: str | None = None
    times: int = 1


class Behaviour:
    """The settings that a running gateway lets a test or a person change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Back to what the run was started with; the dice start over too."""
        self.latency_seconds = self._settings.latency_seconds
        self.held = False
        self.pictures = self._settings.pictures
        self.rates: Mapping[str, float] = dict(self._settings.fault_rates)
        self.late_seconds = DEFAULT_LATE_SECONDS
        self.slow_seconds = DEFAULT_SLOW_SECONDS
        self.planned: list[Planned] = []
        self._dice = random.Random(self._settings.seed)

    def describe(self) -> dict[str, Any]:
        """The current state, in the same shape that `change` takes."""
        return {
            "latency_seconds": self.latency_seconds,
            "late_seconds": self.late_seconds,
            "slow_seconds": self.slow_seconds,
            "held": self.held,
            "pictures": self.pictures,
            "rates": dict(self.rates),
            "next": [asdict(planned) for planned in self.planned],
        }

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Apply the given keys and leave the rest; ``next`` is appended to what already waits.

        Raises ValueError with a readable sentence, and then changes nothing.
        """
        unknown = set(wanted) - set(self.describe())
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        seconds = {
            name: _seconds(name, wanted[name])
            for name in ("latency_seconds", "late_seconds", "slow_seconds")
            if name in wanted
        }
        held = wanted.get("held", self.held)
        if not isinstance(held, bool):
            raise ValueError("held must be true or false")
        pictures = wanted.get("pictures", self.pictures)
        if pictures not in PICTURE_MODES:
            raise ValueError(f"pictures must be one of: {', '.join(PICTURE_MODES)}")
        rates = wanted.get("rates", self.rates)
        if not isinstance(rates, Mapping):
            raise ValueError("rates must be an object of fault names and probabilities")
        rates = check_rates(rates)
        entries = wanted.get("next", [])
        if not isinstance(entries, list):
            raise ValueError("next must be a list")
        planned = [_planned(entry) for entry in entries]
        for name, value in seconds.items():
            setattr(self, name, value)
        self.held = held
        self.pictures = pictures
        self.rates = rates
        self.planned.extend(planned)

    def faults_for(self, model: str) -> tuple[str, ...]:
        """Take the faults of one submission: what was planned for it, else a throw of the dice."""
        for planned in self.planned:
            if planned.model in (None, model):
                planned.times -= 1
                if not planned.times:
                    self.planned.remove(planned)
                return planned.faults
        struck: dict[type, str] = {}
        for name, rate in self.rates.items():
            if self._dice.random() < rate:
                struck.setdefault(type(FAULTS[name]), name)
        return tuple(struck.values())


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise ValueError(f"{name} must be a number of seconds in [0, 3600]")
    return float(value)


def _planned(entry: Any) -> Planned:
    if not isinstance(entry, Mapping) or set(entry) - {"fault", "model", "times"}:
        raise ValueError("an entry of next has a fault and, optionally, a model and times")
    fault, model, times = entry.get("fault"), entry.get("model"), entry.get("times", 1)
    if not isinstance(fault, str):
        raise ValueError("fault must be a string")
    if model is not None and not isinstance(model, str):
        raise ValueError("model must be a string")
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise ValueError("times must be a positive integer")
    return Planned(parse_names(fault), model, times)
