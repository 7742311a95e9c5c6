"""One quick house for all journeys, with people in it.

Quick: the gateway answers at once, the clock rings every second, and the work of a worker that
died is taken up again after a few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses, running
from tests.journeys.people import People

QUICK = {
    "SANDBOX_LATENCY_SECONDS": "0.2",
    "SWEEP_INTERVAL_SECONDS": "1",
    "SIGNUPS_A_MINUTE": "1000",  # every test signs somebody up
    "TELL_AFTER_SECONDS": "0",
    "POLL_FIRST_SECONDS": "1",
    "LEASE_SECONDS": "4",
}


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with running(var=tmp_path_factory.mktemp("house"), env=QUICK) as house:
        yield house


@pytest.fixture(scope="package")
def people(house: Addresses) -> Iterator[People]:
    with People(house) as people:
        yield people


@pytest.fixture(scope="package")
def member(people: People) -> Visitor:
    """Somebody with credit, for tests that leave nothing behind that another would mind."""
    return people.member()


@pytest.fixture
def gateway(house: Addresses) -> Iterator[httpx.Client]:
    """The sandbox gateway's own controls, put back at the end."""
    with httpx.Client(base_url=house.gateway, timeout=30, trust_env=False) as client:
        yield client
        client.delete("faults").raise_for_status()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A failed journey also shows what the house had to say."""
    report = yield
    house = getattr(item, "funcargs", {}).get("house")
    if report.failed and house is not None:
        lines = (Path(house.var) / "stack.log").read_text(errors="replace").splitlines()
        report.sections.append(("The house's last lines", "\n".join(lines[-40:])))
    return report
