"""Where allauth asks the house: what signing up and signing in leave with the account."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts import mailing
from accounts.models import User

TIME_ZONE_FIELD = "time_zone"  # templates/allauth/elements/form.html; filled by zone.js


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The account learns its time zone from the form; without scripts that field stays empty."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.learn_time_zone(request.POST.get(TIME_ZONE_FIELD, ""))
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Text and HTML from one template, like every letter of the house."""
        to = [email] if isinstance(email, str) else email
        message = mailing.compose(f"{template_prefix}_message.html", context, to=to[0])
        message.to, message.extra_headers = to, headers or {}
        return message

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        user.learn_time_zone(request.POST.get(TIME_ZONE_FIELD, ""))
