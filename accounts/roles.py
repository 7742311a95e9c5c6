"""Staff roles as Django groups. Billing staff can't review consent; reviewers can't move money."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from accounts.models import User

REVIEWERS = gettext_noop("Reviewers")
BILLING_STAFF = gettext_noop("Billing staff")

PERMISSIONS: dict[str, tuple[str, ...]] = {
    REVIEWERS: (
        "jobs.view_photo",
        "jobs.view_consent",
        "jobs.review_consent",
        "jobs.view_consentevent",
        "jobs.view_consentnotice",
        "jobs.publish_notice",
    ),
    BILLING_STAFF: (
        "accounts.view_user",
        "accounts.view_wallet",
        "accounts.view_transfer",
        "accounts.correct_money",
        "accounts.view_correction",
        "accounts.view_topup",
        "accounts.view_cardevent",
        "accounts.view_auditentry",
        "jobs.view_restorationjob",
        "jobs.change_restorationjob",
        "jobs.view_notthem",
        "jobs.view_attempt",
        "jobs.view_delivery",
        "jobs.view_jobevent",
        "jobs.view_price",
        "jobs.add_price",
        "jobs.view_usageimport",
        "jobs.add_usageimport",
        "jobs.view_usageline",
        "jobs.view_finding",
        "jobs.change_finding",
        "jobs.view_dayclose",
        "jobs.add_dayclose",
        "jobs.view_breaker",
        "jobs.change_breaker",
    ),
}


def staff_with(permission: str) -> QuerySet[User]:
    """The members of staff who hold a permission, by a group, by themselves or as superusers."""
    holders: QuerySet[User] = ModelBackend().with_perm(permission)
    return holders.filter(is_staff=True)


def ensure_roles() -> None:
    """Make the groups, and give each exactly its permissions."""
    known = {
        f"{app}.{codename}": number
        for app, codename, number in Permission.objects.values_list(
            "content_type__app_label", "codename", "pk"
        )
    }
    for name, codes in PERMISSIONS.items():
        group, _is_new = Group.objects.get_or_create(name=name)
        group.permissions.set([known[code] for code in codes])
