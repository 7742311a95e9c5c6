"""The kinds of parameters that models have: the vendor's name for each, and the member's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One documented parameter: the vendor's name for it, and ours.

    `in_a_line` words what a member chose, with its `%(value)s`, as part of a line. Of those that
    don't change the picture, one is its file's format, another what a vendor refuses to paint.
    """

    key: str
    label: str | _StrPromise
    in_a_line: str | _StrPromise
    help: str | _StrPromise = ""
    optional: bool = False
    advanced: bool = False  # shown under "More settings"
    changes_picture: bool = True

    @property
    def settled(self) -> bool:
        """Whether there is nothing to choose, so nothing to say."""
        return False

    def words(self, value: Any) -> str:
        """What a member chose, as part of a line."""
        return str(self.in_a_line) % {"value": value}


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
    low_words: str | _StrPromise
    high_words: str | _StrPromise
    step: float = 0.05

    def words(self, value: Any) -> str:
        return super().words(number_format(value))


@dataclass(frozen=True, kw_only=True)
class Flag(Parameter):
    """Yes or no; in a line `in_a_line` says what yes means, `no_words` what no means."""

    default: bool
    no_words: str | _StrPromise

    def words(self, value: Any) -> str:
        return str(self.in_a_line if value else self.no_words)


@dataclass(frozen=True, kw_only=True)
class Choice(Parameter):
    """One of a few words."""

    values: tuple[tuple[Any, str | _StrPromise], ...]
    default: Any

    @property
    def settled(self) -> bool:
        return len(self.values) == 1

    def words(self, value: Any) -> str:
        return super().words(dict(self.values).get(value, value))
