"""Which tests a second database runs (tests/conftest.py): exactly those that ask one."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User

Asked = pytest.FixtureRequest


@pytest.fixture
def house(request: Asked) -> None:
    """Stands for the one of tests/journeys and tests/browser; nothing is started."""


@pytest.fixture
def somebody(db: None) -> User:
    return User.objects.create(email="somebody@heirloom.example")


def runs_again(request: Asked) -> bool:
    return request.node.get_closest_marker("database") is not None


def test_one_that_asks_no_database_does_not_run_again(request: Asked):
    assert not runs_again(request)


def test_one_that_does_not_run_again_could_not_ask(request: Asked):
    assert not runs_again(request)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        User.objects.exists()


@pytest.mark.django_db
def test_one_with_the_mark_runs_again(request: Asked):
    assert runs_again(request)


@pytest.mark.usefixtures("somebody")
def test_one_whose_fixture_asks_runs_again(request: Asked):
    assert runs_again(request)


def test_one_that_steers_the_database_itself_runs_again(request: Asked, django_db_setup: Any):
    assert runs_again(request)


@pytest.mark.usefixtures("house")
def test_a_journey_runs_again(request: Asked):
    assert runs_again(request)


@pytest.mark.browser
@pytest.mark.usefixtures("house")
def test_what_a_browser_sees_of_a_house_does_not_run_again(request: Asked):
    assert not runs_again(request)
