"""Which tests ask a database, and which of them both kinds (tests/suite.py)."""

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


def asks(request: Asked) -> bool:
    return request.node.get_closest_marker("database") is not None


def asks_both(request: Asked) -> bool:
    return request.node.get_closest_marker("could_differ") is not None


def test_one_that_asks_none(request: Asked):
    assert not asks(request)


def test_one_that_does_not_ask_could_not(request: Asked):
    assert not asks(request)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        User.objects.exists()


@pytest.mark.django_db
def test_one_with_the_mark_asks(request: Asked):
    assert asks(request)


@pytest.mark.usefixtures("somebody")
def test_one_whose_fixture_asks(request: Asked):
    assert asks(request)


def test_one_that_steers_the_database_itself_asks(request: Asked, django_db_setup: Any):
    assert asks(request)


@pytest.mark.usefixtures("house")
def test_a_journey_asks(request: Asked):
    assert asks(request)


@pytest.mark.browser
@pytest.mark.usefixtures("house")
def test_what_a_browser_sees_of_a_house_is_the_same_on_each(request: Asked):
    assert not asks(request)


@pytest.mark.django_db(transaction=True)
def test_one_that_races_asks_both(request: Asked):
    assert asks(request)
    assert asks_both(request)


@pytest.mark.django_db
def test_one_that_neither_races_nor_minds_the_books_asks_one(request: Asked):
    assert not asks_both(request)
