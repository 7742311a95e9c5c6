"""accounts.roles: each group holds exactly what its people need, and neither can do the other's."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.roles import PERMISSIONS, ensure_roles
from tests.builders import make_consent, make_photo
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_clerk

pytestmark = pytest.mark.django_db

# What moves or decides something; all else that a role holds is looking.
DEEDS = {
    REVIEWERS: {"jobs.review_consent", "jobs.publish_notice"},
    BILLING_STAFF: {
        "accounts.correct_money",
        "jobs.add_price",
        "jobs.add_usageimport",
        "jobs.change_finding",
        "jobs.change_restorationjob",
        "jobs.add_dayclose",
        "jobs.change_breaker",
    },
}


def held(name: str) -> set[str]:
    found = Group.objects.get(name=name).permissions.select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in found}


@pytest.mark.parametrize("name", [REVIEWERS, BILLING_STAFF])
def test_a_role_holds_exactly_what_is_listed_and_its_own_deeds(name: str):
    ensure_roles()
    assert held(name) == set(PERMISSIONS[name])
    deeds = {code for code in held(name) if not code.partition(".")[2].startswith("view_")}
    assert deeds == DEEDS[name]


def test_the_roles_share_nothing():
    ensure_roles()
    assert held(REVIEWERS).isdisjoint(held(BILLING_STAFF))


def test_what_a_role_no_longer_needs_is_taken_at_the_next_start():
    ensure_roles()
    gone = Permission.objects.get(codename="add_transfer")
    Group.objects.get(name=BILLING_STAFF).permissions.add(gone)
    ensure_roles()
    assert "accounts.add_transfer" not in held(BILLING_STAFF)


def test_billing_staff_open_no_page_about_consent_or_pictures():
    client, photo = client_of(make_clerk()), make_photo()
    consent = make_consent(photo, depicted=("CHILD",))
    for path in (
        reverse("admin:jobs_consent_changelist"),
        reverse("admin:jobs_consent_change", args=[consent.pk]),
        reverse("admin:jobs_photo_changelist"),
        reverse("admin:jobs_photo_change", args=[photo.pk]),
        reverse("desk_reviews"),
        reverse("desk_review", args=[consent.pk]),
        reverse("desk_review_figures"),
    ):
        assert client.get(path).status_code == 403
