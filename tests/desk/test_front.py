"""The desk's front: staff come in by permission, and see only where they may go."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import corrections
from accounts.models import CardEvent, TopUp
from jobs.models import Finding
from tests.builders import decide, make_member, pending
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_clerk, make_staff, queries

pytestmark = pytest.mark.django_db


def test_billing_staff_come_in_and_the_header_leads_there():
    clerk = client_of(make_clerk())
    page = clerk.get(reverse("desk"))
    assert page.status_code == 200
    assert 'aria-current="page"' in page.content.decode()
    assert reverse("desk") in clerk.get(reverse("wallet")).content.decode()


@pytest.mark.parametrize("role", [REVIEWERS, ""])
def test_staff_without_the_permission_stay_outside_and_are_not_led_there(role: str):
    client = client_of(make_staff(role))
    assert client.get(reverse("desk")).status_code == 403
    assert f'"{reverse("desk")}"' not in client.get(reverse("wallet")).content.decode()


def test_a_member_stays_outside_even_with_the_permission():
    member = make_clerk()
    member.is_staff = False
    member.save()
    assert member.groups.get() == Group.objects.get(name=BILLING_STAFF)
    assert client_of(member).get(reverse("desk")).status_code == 403


def test_a_stranger_is_asked_to_sign_in():
    response = Client().get(reverse("desk"))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_the_nav_names_only_what_the_permissions_open():
    everything = client_of(make_clerk()).get(reverse("desk")).content.decode()
    clerk = make_staff()
    clerk.user_permissions.add(
        *Group.objects.get(name=BILLING_STAFF).permissions.filter(codename="view_wallet")
    )
    little = client_of(clerk).get(reverse("desk")).content.decode()
    for page, opens in (("members", True), ("corrections", False), ("audit", False)):
        link = f'href="{reverse(f"desk_{page}")}"'
        assert link in everything
        assert (link in little) == opens


def test_the_front_says_what_waits():
    page = reverse("desk")
    client = client_of(make_clerk())
    assert "for a second person" not in client.get(page).content.decode()
    corrections.ask(
        form_id=uuid.uuid4(),
        kind="CREDIT",
        member=make_member(),
        hold=None,
        amount_micros=25_000_000,
        reason="Twice charged",
        by=make_clerk(),
    )
    assert "1 correction waits for a second person" in client.get(page).content.decode()


def test_what_waits_for_billing_staff_stands_on_the_first_page():
    member = make_member()
    top_up = TopUp.objects.create(member=member, amount_micros=10_000_000)
    said = {"type": "checkout.session.completed", "top_up": top_up, "body": "{}"}
    CardEvent.objects.create(event_id="evt_1", verdict="APPLIED", note="Credited", **said)
    CardEvent.objects.create(event_id="evt_2", verdict="MISMATCHED", note="9 instead of 10", **said)
    Finding.objects.create(day=date(2026, 5, 20), kind="EXTRA", request_id="nobodys")
    words = client_of(make_clerk()).get(reverse("desk")).content.decode()
    assert "1 line of the vendor’s bill waits for an explanation." in words
    assert "9 instead of 10" in words
    assert member.email in words
    assert "Credited" not in words


def test_the_first_page_is_a_few_queries_whatever_waits():
    client = client_of(make_clerk())
    few = queries(client, reverse("desk"))
    for number in range(5):
        top_up = TopUp.objects.create(member=make_member(), amount_micros=10_000_000)
        CardEvent.objects.create(
            event_id=f"evt_{number}", type="x", verdict="MISMATCHED", body="{}", top_up=top_up
        )
    assert queries(client, reverse("desk")) == few


def test_it_counts_the_statements_that_wait_for_those_who_may_review_them():
    pending()
    pending()
    decide(pending())
    both = make_staff(is_superuser=True)
    assert (
        "2 statements wait for a reviewer." in client_of(both).get(reverse("desk")).content.decode()
    )
    assert "for a reviewer" not in client_of(make_clerk()).get(reverse("desk")).content.decode()


def test_the_notice_stands_last_in_the_nav():
    page = client_of(make_staff(is_superuser=True)).get(reverse("desk")).content.decode()
    nav = page.partition('class="desk-nav"')[2].partition("</nav>")[0]
    assert nav.rstrip().endswith(f'<a href="{reverse("desk_notices")}">Notice</a>')
