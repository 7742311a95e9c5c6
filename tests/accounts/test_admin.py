"""Django's admin: all but the people is only looked at, and each role sees and does its own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts import audit, corrections, letters
from accounts.admin import ReadOnlyAdmin
from accounts.models import CardEvent, TopUp, Wallet
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs.models import Attempt, ConsentStatus, Delivery, JobEvent, RestorationJob
from tests.builders import make_consent, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.staff import client_of, make_clerk, make_staff

pytestmark = pytest.mark.django_db


def signed_in(role: str, **extra: Any) -> Client:
    """A client of somebody on the staff."""
    return client_of(make_staff(role, **extra))


@pytest.fixture
def billing() -> Client:
    return signed_in(BILLING_STAFF, email="ben@heirloom.example")


@pytest.fixture
def reviewer() -> Client:
    return signed_in(REVIEWERS, email="rosa@heirloom.example")


@pytest.fixture
def root() -> Client:
    return signed_in("", is_superuser=True)


# --- Who may what ---------------------------------------------------------------------------
def test_reviewers_see_no_money(reviewer: Client):
    for model in ("transfer", "wallet", "user", "correction", "topup", "auditentry"):
        page = reviewer.get(reverse(f"admin:accounts_{model}_changelist"))
        assert page.status_code == 403


def test_a_consents_page_is_to_look_at_and_shows_no_picture(reviewer: Client, bucket: None):
    consent = make_consent(make_photo(), depicted=("CHILD",))
    page = reviewer.get(reverse("admin:jobs_consent_change", args=[consent.pk])).content.decode()
    assert "I say so." in page
    assert consent.photo.prefix not in page
    for action in ("approve", "reject"):
        chosen = {"action": action, "_selected_action": [consent.pk]}
        reviewer.post(reverse("admin:jobs_consent_changelist"), chosen)
    consent.refresh_from_db()
    assert consent.status == ConsentStatus.PENDING_REVIEW


def test_members_and_strangers_have_no_business_here():
    client = Client()
    for _ in range(2):
        response = client.get(reverse("admin:index"))
        assert response.status_code == 302
        client.force_login(make_member())


# --- Read only ------------------------------------------------------------------------------
READ_ONLY = [
    model for model, desk in admin.site._registry.items() if isinstance(desk, ReadOnlyAdmin)
]


def test_everything_but_the_people_is_only_looked_at():
    changeable = {
        model._meta.label
        for model, desk in admin.site._registry.items()
        if model._meta.app_label in ("accounts", "jobs") and not isinstance(desk, ReadOnlyAdmin)
    }
    assert changeable == {"accounts.User"}


@pytest.fixture
def one_of_each(vendor: FakeVendor) -> dict[str, Any]:
    """A row of every kind that the staff can look at."""
    job = make_job()
    run("submit")
    attempt = Attempt.objects.get(job=job)
    member, clerk = job.owner, make_clerk()
    top_up = TopUp.objects.create(member=member, amount_micros=5_000_000)
    return {
        "accounts.TopUp": top_up,
        "accounts.CardEvent": CardEvent.objects.create(
            event_id="evt_1", type="payment", top_up=top_up, body="{}", verdict="NOTHING"
        ),
        "accounts.Correction": corrections.ask(
            form_id=uuid.uuid4(),
            kind="CREDIT",
            member=member,
            hold=None,
            amount_micros=1,
            reason="A test",
            by=clerk,
        ),
        "accounts.Letter": letters.write(to=member, kind="low_balance", key="one", context={}),
        "accounts.AuditEntry": audit.record(actor=clerk, action="page", what="Looked"),
        "accounts.Wallet": Wallet.objects.get(user=job.owner),
        "accounts.Transfer": job.hold,
        "jobs.Photo": job.photo,
        "jobs.ConsentNotice": job.consent.notice,
        "jobs.Consent": job.consent,
        "jobs.Price": job.price,
        "jobs.RestorationJob": RestorationJob.objects.get(pk=job.pk),
        "jobs.Delivery": Delivery.objects.create(attempt=attempt, body="{}", verdict="APPLIED"),
    }


def frozen(row: Any) -> dict[str, Any]:
    return dict(type(row).objects.filter(pk=row.pk).values().get())


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_every_list_and_every_page_of_the_desk_opens(
    root: Client, one_of_each: dict[str, Any], model: Any
):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = one_of_each[model._meta.label]
    assert root.get(reverse(f"{name}_changelist")).status_code == 200
    assert root.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_not_even_an_administrator_changes_or_deletes_what_is_read_only(
    root: Client, one_of_each: dict[str, Any], model: Any
):
    row = one_of_each[model._meta.label]
    before = frozen(row)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    fields = {field.name: "1" for field in model._meta.fields}
    assert root.post(reverse(f"{name}_change", args=[row.pk]), fields).status_code == 403
    assert root.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    root.post(
        reverse(f"{name}_changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert root.post(reverse(f"{name}_add"), fields).status_code == 403
    assert frozen(row) == before


def test_the_rows_inside_a_jobs_page_cannot_be_changed_there(
    root: Client, one_of_each: dict[str, Any]
):
    job = one_of_each["jobs.RestorationJob"]
    before = list(JobEvent.objects.values()), list(Attempt.objects.values())
    root.post(
        reverse("admin:jobs_restorationjob_change", args=[job.pk]),
        {
            "events-TOTAL_FORMS": "1",
            "events-INITIAL_FORMS": "0",
            "events-0-to_state": "DELIVERED",
            "attempts-TOTAL_FORMS": "1",
            "attempts-INITIAL_FORMS": "0",
            "attempts-0-number": "9",
        },
    )
    assert (list(JobEvent.objects.values()), list(Attempt.objects.values())) == before


def test_a_jobs_page_shows_neither_lease_nor_click_nor_token(
    root: Client, one_of_each: dict[str, Any]
):
    job = one_of_each["jobs.RestorationJob"]
    text = root.get(reverse("admin:jobs_restorationjob_change", args=[job.pk])).content.decode()
    assert str(job.click_key) not in text
    assert Attempt.objects.get(job=job).token_sha256 not in text


def test_people_are_neither_added_nor_deleted_nor_given_another_address_here(root: Client):
    member = make_member(email="maria@heirloom.example", name="Maria")
    assert root.get(reverse("admin:accounts_user_add")).status_code == 403
    delete = reverse("admin:accounts_user_delete", args=[member.pk])
    assert root.post(delete, {"post": "yes"}).status_code == 403
    change = reverse("admin:accounts_user_change", args=[member.pk])
    root.post(change, {"name": "Mary", "email": "evil@heirloom.example", "is_active": "on"})
    member.refresh_from_db()
    assert (member.name, member.email) == ("Mary", "maria@heirloom.example")


def test_billing_staff_look_at_people_and_change_none(billing: Client):
    member = make_member(email="maria@heirloom.example")
    change = reverse("admin:accounts_user_change", args=[member.pk])
    assert billing.get(change).status_code == 200
    assert billing.post(change, {"is_staff": "on", "is_superuser": "on"}).status_code == 403
    member.refresh_from_db()
    assert not member.is_superuser
