"""Column charts as numbers for an SVG template: where each bar stands, and how tall it is.

Pure: values in, geometry out, in the view box's own units. Colours and type are the style sheet's
(classes); the content security policy allows no style in the page. Every chart has words for who
can't see it, and a table beside it in its template.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 104, 8, 12, 28
TICKS = 4
MOST_LABELS = 10
GAP = 0.28  # of a column's room that stays empty


@dataclass(frozen=True)
class Series:
    """One value for each label. `tone` is a class of the style sheet: a, b, c."""

    name: str
    tone: str
    values: Sequence[int]


@dataclass(frozen=True)
class Bar:
    """A rectangle, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A label of an axis, and where."""

    at: float
    words: str


@dataclass(frozen=True)
class Chart:
    """All that the template draws."""

    key: str
    title: str
    description: str
    series: Sequence[Series]
    bars: list[Bar]
    rows: list[Mark]
    columns: list[Mark]
    zero: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def columns(
    *,
    key: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    say: Callable[[int], str],
    stacked: bool = False,
    smallest_step: int = 1,
) -> Chart:
    """A column, or a stack, for each label. Values may be below zero. `say` words a value."""
    low, high = _reach(series, len(labels), stacked=stacked)
    step = _step(high - low, smallest_step)
    low, high = step * (low // step), step * max(1, -(-high // step))
    plot = HEIGHT - TOP - BOTTOM

    def y(value: int) -> float:
        return round(TOP + plot * (high - value) / (high - low), 2)

    room = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    every = -(-len(labels) // MOST_LABELS)
    return Chart(
        key=key,
        title=title,
        description=_description(labels, series, say),
        series=series,
        bars=list(_bars(labels, series, y=y, room=room, say=say, stacked=stacked)),
        rows=[Mark(y(value), say(value)) for value in range(low, high + 1, step)],
        columns=[
            Mark(round(LEFT + room * (n + 0.5), 2), label)
            for n, label in enumerate(labels)
            if n % every == 0
        ],
        zero=y(0),
    )


def _bars(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    y: Callable[[int], float],
    room: float,
    say: Callable[[int], str],
    stacked: bool,
) -> list[Bar]:
    width = room * (1 - GAP) / (1 if stacked else max(1, len(series)))
    bars = []
    for n, label in enumerate(labels):
        base = 0
        for m, one in enumerate(series):
            value = one.values[n]
            if not value:
                continue
            start = base if stacked else 0
            top, foot = y(max(start, start + value)), y(min(start, start + value))
            bars.append(
                Bar(
                    x=round(LEFT + room * (n + GAP / 2) + (0 if stacked else m * width), 2),
                    y=top,
                    width=round(width, 2),
                    height=round(max(foot - top, 0.5), 2),
                    tone=one.tone,
                    words=f"{label}, {one.name}: {say(value)}",
                )
            )
            base += value
    return bars


def _reach(series: Sequence[Series], count: int, *, stacked: bool) -> tuple[int, int]:
    """The lowest and the highest that is drawn; nothing lies between both and zero."""
    if stacked:
        values = [sum(one.values[n] for one in series) for n in range(count)]
    else:
        values = [value for one in series for value in one.values]
    return min([0, *values]), max([0, *values])


def _step(span: int, smallest: int) -> int:
    """1, 2 or 5 times a power of ten, so that about `TICKS` of them fill the span."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            step = factor * power
            if step >= smallest and step * TICKS >= span:
                return step
        power *= 10


def _description(labels: Sequence[str], series: Sequence[Series], say: Callable[[int], str]) -> str:
    """In words: each series' sum, and where it is highest."""
    sentences = []
    for one in series:
        if not any(one.values):
            sentences.append(_("%(series)s: nothing.") % {"series": one.name})
            continue
        highest = max(range(len(labels)), key=lambda n: one.values[n])
        sentences.append(
            _("%(series)s: %(sum)s in all, most for %(label)s (%(highest)s).")
            % {
                "series": one.name,
                "sum": say(sum(one.values)),
                "label": labels[highest],
                "highest": say(one.values[highest]),
            }
        )
    return " ".join(sentences)
