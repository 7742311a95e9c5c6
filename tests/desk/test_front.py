"""The desk's front: staff come in by permission, and see only where they may go."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.roles import BILLING_STAFF, REVIEWERS, ensure_roles
from tests.builders import make_member

pytestmark = pytest.mark.django_db


def staff(role: str = "") -> Client:
    ensure_roles()
    person = make_member(micros=0, is_staff=True)
    if role:
        person.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(person)
    return client


def test_billing_staff_come_in_and_the_header_leads_there():
    clerk = staff(BILLING_STAFF)
    page = clerk.get(reverse("desk"))
    assert page.status_code == 200
    assert 'aria-current="page"' in page.content.decode()
    assert reverse("desk") in clerk.get(reverse("wallet")).content.decode()


@pytest.mark.parametrize("role", [REVIEWERS, ""])
def test_staff_without_the_permission_stay_outside_and_are_not_led_there(role: str):
    client = staff(role)
    assert client.get(reverse("desk")).status_code == 403
    assert f'"{reverse("desk")}"' not in client.get(reverse("wallet")).content.decode()


def test_a_member_stays_outside_even_with_the_permission():
    ensure_roles()
    member = make_member()
    member.groups.add(Group.objects.get(name=BILLING_STAFF))
    client = Client()
    client.force_login(member)
    assert client.get(reverse("desk")).status_code == 403


def test_a_stranger_is_asked_to_sign_in():
    response = Client().get(reverse("desk"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
