"""Where allauth asks the house: what signing up and signing in leave with the account."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts import languages, mailing
from accounts.models import User

TIME_ZONE_FIELD = "time_zone"  # templates/allauth/elements/form.html; filled by zone.js


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The account learns its language from the page, and its time zone from the form.

    Without scripts that field stays empty.
    """

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        _learn(user, request)
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Text and HTML from one template, like every letter of the house.

        Where no account has said a language, it is in that of the page on which it was asked for.
        """
        to = [email] if isinstance(email, str) else email
        user = context.get("user")
        reader = user if isinstance(user, User) and user.language else None
        message = mailing.compose(
            f"{template_prefix}_message.html", context, to=to[0], reader=reader
        )
        message.to, message.extra_headers = to, headers or {}
        return message

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        _learn(user, request)


def _learn(user: User, request: HttpRequest) -> None:
    user.learn_time_zone(request.POST.get(TIME_ZONE_FIELD, ""))
    user.learn_language(languages.current())
