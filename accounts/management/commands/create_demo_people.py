"""The sandbox's people: a member with credit, two reviewers, billing staff, an administrator."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext_noop

from accounts import ledger
from accounts.models import Transfer, User
from accounts.roles import BILLING_STAFF, REVIEWERS, ensure_roles

PASSWORD = "heirloom-demo"  # noqa: S105  (printed at every start of the sandbox)


class Command(BaseCommand):
    help = "Create the sandbox's demo people (does nothing to those who exist)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("Demo people have a public password: they are for the sandbox only.")
        ensure_roles()
        member = self._person("member", "Maria Member")
        self._person("reviewer", "Rosa Reviewer", group=REVIEWERS)
        self._person("reviewer2", "Rolf Reviewer", group=REVIEWERS)
        self._person("billing", "Ben Billing", group=BILLING_STAFF)
        self._person("admin", "Ada Admin", is_superuser=True)
        if not Transfer.objects.filter(wallet__user=member).exists():
            ledger.top_up(
                user=member,
                amount_micros=settings.DEMO_CREDIT_MICROS,
                key="demo-credit",
                memo=gettext_noop("Sandbox credit"),
            )

    def _person(
        self, name: str, full_name: str, *, group: str = "", is_superuser: bool = False
    ) -> User:
        email = f"{name}@heirloom.example"
        person = User.objects.filter(email=email).first()
        if person is None:
            person = User.objects.create_user(
                email,
                PASSWORD,
                name=full_name,
                is_staff=bool(group) or is_superuser,
                is_superuser=is_superuser,
            )
            EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        if group:
            person.groups.add(Group.objects.get(name=group))
        return person
