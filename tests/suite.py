"""How the suite goes: which tests ask a database, in what order, by which worker, what is told.

A pytest plugin; tests/conftest.py brings it in.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from _pytest.terminal import TerminalReporter
from xdist.scheduler import LoadScopeScheduling

# What has a house of its own, in which its tests wait for each other.
HOUSES = ("tests/browser", "tests/browser/tour", "tests/journeys")
# Two houses: one worker would be alone with all of it at the end. The halves take equally long.
HALVED, HALF = "tests/browser", "tests/browser/test_live.py"
# The tour goes round twice, each time in a house of its own.
SECOND_ROUND = "tests/browser/tour/test_large_screens.py"
# A test notices a defect, a page lacks a mark, and a vendor keeps to the contract, on each database
# or on none.
RUN_ONCE = ("tests/mutants/", "tests/restoration_site/test_marks.py", "tests/contract/")
# Begun first, so that no worker is alone with one at the end; each is a worker's for minutes.
LONGEST = (*HOUSES, "tests/sandbox/test_imaging.py", "tests/test_migrations.py")
# What the other database could answer in another way: the books and their trail, the proofs of
# consent, the indexes, each change of the tables; and whatever races (docs/decisions/0015).
COULD_DIFFER = (
    "tests/accounts/payments/",
    "tests/accounts/test_audit.py",
    "tests/accounts/test_books.py",
    "tests/accounts/test_card_movements.py",
    "tests/accounts/test_corrections.py",
    "tests/accounts/test_ledger",
    "tests/accounts/test_limits.py",
    "tests/jobs/test_consent_proof",
    "tests/jobs/test_indexes.py",
    "tests/test_migrations.py",
)
MOST_SAID = 1_000  # characters of a failure in short

# The same examples in each run, wherever it is, and all the time they take: no deadline, no memory
# of earlier runs. A test's own settings go before, and so does --hypothesis-profile.
hypothesis.settings.load_profile("ci")


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if asks_a_database(item):
            item.add_marker("database")
            if races(item) or item.nodeid.startswith(COULD_DIFFER):
                item.add_marker("could_differ")


class LongestFirst:
    """Sorts after pytest-django, which puts what has no database in pytest, so houses too, last."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # alone, units come first: they say more exactly what broke
        config.pluginmanager.register(LongestFirst())


def asks_a_database(item: pytest.Item) -> bool:
    """Whether it is worth a second run on another database; nobody has to say so.

    pytest-django lets nobody at the database who has neither its mark nor one of its fixtures. A
    house has a database too; what a browser sees of it is the same on each.
    """
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if item.get_closest_marker("browser") or item.nodeid.startswith(RUN_ONCE):
        return False
    asks = {"django_db_setup", "house"}.intersection(fixtures)
    return bool(asks) or item.get_closest_marker("django_db") is not None


def races(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return mark is not None and bool(mark.kwargs.get("transaction"))


def pytest_collection_finish() -> None:
    """Thousands of tests are in memory to stay: no search for litter goes through them again."""
    gc.collect()
    gc.freeze()


class ByHouse(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of one folder share a house, so they share a worker; other files go where room is.

    (`--dist loadgroup` does nothing on this pair of pytest and xdist: pytest-xdist issue 1386.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.rpartition("/")[0]
        if folder == HALVED:
            return f"{folder}, {'first' if file < HALF else 'second'} half"
        return folder if folder in HOUSES and file != SECOND_ROUND else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByHouse:
    config.option.loadscopereorder = False  # by time, as above, not by the number of tests
    return ByHouse(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> Iterator[None]:
    """Before each failure at length, all in short: who keeps but a part of the output has them."""
    gone_wrong = [
        report
        for kind in ("failed", "error")
        for report in terminalreporter.stats.get(kind, [])
        if getattr(report.longrepr, "reprcrash", None)
    ]
    if gone_wrong:
        terminalreporter.section("failures in short")
    for report in gone_wrong:
        message = report.longrepr.reprcrash.message.partition("Aria snapshot")[0].strip()
        terminalreporter.write_line(f"{report.nodeid} ({report.when})\n  {message[:MOST_SAID]}")
    return (yield)
