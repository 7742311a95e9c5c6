"""The one way in which an e-mail of ours is made: text and HTML from one template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import plain
from accounts.models import User
from accounts.reading import as_read_by


def compose(
    template: str, context: Mapping[str, Any], *, to: str, reader: User | None = None
) -> EmailMultiAlternatives:
    """The subject is the template's title; words and times are the `reader`'s.

    For nobody in particular words are in the language of whoever asks, and times in UTC.
    """
    with as_read_by(reader) if reader else timezone.override(UTC):
        html = render_to_string(template, dict(context))
    letter = plain.read(html)
    message = EmailMultiAlternatives(subject=letter.subject, body=letter.text, to=[to])
    message.attach_alternative(html, "text/html")
    return message


def letter(kind: str, context: Mapping[str, Any], *, to: User) -> EmailMultiAlternatives:
    """One of the house's letters, `templates/email/letters/`."""
    whole = {**context, "to": to}
    return compose(f"email/letters/{kind}.html", whole, to=to.email, reader=to)
