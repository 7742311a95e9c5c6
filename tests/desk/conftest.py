"""A reviewer at her desk."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.staff import REVIEWERS, client_of, make_staff


@pytest.fixture
def rosa() -> User:
    return make_staff(REVIEWERS, email="rosa@heirloom.example")


@pytest.fixture
def desk(rosa: User) -> Client:
    return client_of(rosa)
