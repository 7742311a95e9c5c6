"""People on the staff, each with a role as Django's groups give it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import BILLING_STAFF, REVIEWERS, ensure_roles
from tests.builders import make_member

__all__ = [
    "BILLING_STAFF",
    "REVIEWERS",
    "client_of",
    "make_clerk",
    "make_staff",
    "queries",
    "staff",
]


def make_staff(role: str = "", **extra: Any) -> User:
    """Somebody of the staff; without a role they may do nothing."""
    ensure_roles()
    person = make_member(micros=0, is_staff=True, **extra)
    if role:
        person.groups.add(Group.objects.get(name=role))
    return person


def make_clerk(**extra: Any) -> User:
    return make_staff(BILLING_STAFF, **extra)


def client_of(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    return client


def staff(role: str = "") -> tuple[Client, User]:
    """Somebody of the staff, and their browser."""
    person = make_staff(role)
    return client_of(person), person


def queries(client: Client, path: str) -> int:
    """How many queries a page takes, once the reader's own wallet is there."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)
