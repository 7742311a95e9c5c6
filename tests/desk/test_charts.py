"""Charts are geometry: bars stand on the zero line, within the plot, as tall as their value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accounts.money import dollars
from desk.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Series, columns

values = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=90)


def chart(*series: list[int], stacked: bool = False) -> Chart:
    return columns(
        key="x",
        title="A chart",
        labels=[f"day {n}" for n in range(len(series[0]))],
        series=[Series(f"series {n}", "abc"[n], one) for n, one in enumerate(series)],
        say=lambda value: dollars(abs(value)),
        stacked=stacked,
    )


@given(values)
def test_every_bar_lies_in_the_plot_and_touches_zero(amounts: list[int]):
    drawn = chart(amounts)
    assert len(drawn.bars) == sum(1 for amount in amounts if amount)
    for bar in drawn.bars:
        assert LEFT <= bar.x < bar.x + bar.width <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= bar.y <= bar.y + bar.height <= HEIGHT - BOTTOM + 0.6
        assert min(abs(bar.y - drawn.zero), abs(bar.y + bar.height - drawn.zero)) < 0.6
    assert len(drawn.rows) <= 7
    assert len(drawn.columns) <= 10


def test_heights_are_in_proportion_and_losses_hang_below():
    profit, more, loss = chart([1_000, 2_000, -1_000]).bars
    assert abs(more.height - 2 * profit.height) < 0.1
    assert abs(loss.y - (profit.y + profit.height)) < 0.1


def test_a_stack_stands_on_what_lies_below_it():
    first, second = chart([3], [2], stacked=True).bars
    assert first.x == second.x
    assert abs(second.y + second.height - first.y) < 0.1


def test_an_empty_chart_still_has_an_axis_and_words():
    drawn = chart([0, 0])
    assert drawn.bars == []
    assert [row.words for row in drawn.rows] == ["$0.00", "$0.000001"]
    assert drawn.description == "series 0: nothing."


def test_who_cannot_see_it_is_told_the_sum_and_the_peak():
    assert chart([1_000_000, 3_000_000]).description == (
        "series 0: $4.00 in all, most for day 1 ($3.00)."
    )
