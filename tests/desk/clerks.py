"""Signed-in members of staff."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from accounts.roles import ensure_roles
from tests.builders import make_member


def staff(role: str = "") -> tuple[Client, User]:
    """A member of staff in this role, or in none, and their browser."""
    ensure_roles()
    person = make_member(micros=0, is_staff=True)
    if role:
        person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)
    return client, person
