"""The kinds of parameters that models have: the vendor's name for each, and the member's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One documented parameter: the vendor's name for it, and ours."""

    key: str
    label: str
    help: str = ""
    optional: bool = False
    advanced: bool = False  # shown under "More settings"

    @property
    def settled(self) -> bool:
        """Whether there is nothing to choose, so nothing to say."""
        return False

    def words(self, value: Any) -> str:
        """What a member chose, as part of a line."""
        return f"{self.label.lower()} {value}"


@dataclass(frozen=True, kw_only=True)
class Integer(Parameter):
    """A whole number in [lowest, highest]; `default` None leaves it to the vendor."""

    lowest: int
    highest: int
    default: int | None


@dataclass(frozen=True, kw_only=True)
class Fraction(Parameter):
    """A number in [0, 1], set on a slider whose ends have names."""

    default: float
    low_words: str
    high_words: str
    step: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Flag(Parameter):
    """Yes or no; `no_words` say what no means."""

    default: bool
    no_words: str

    def words(self, value: Any) -> str:
        return self.label.lower() if value else self.no_words


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of a few words."""

    values: tuple[tuple[Any, str], ...]
    default: Any

    @property
    def settled(self) -> bool:
        return len(self.values) == 1

    def words(self, value: Any) -> str:
        return f"{self.label.lower()}: {dict(self.values).get(value, value)}"
