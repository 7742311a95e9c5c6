"""Whose words, numbers and times: a reader's, wherever it is written for them, or the record's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import User


@contextmanager
def as_read_by(member: User) -> Iterator[None]:
    """For what is written to somebody by whoever it is: a worker, staff, the member themselves."""
    with translation.override(member.reads_in), timezone.override(member.zone):
        yield


@contextmanager
def on_record() -> Iterator[None]:
    """For what is kept: it must not depend on the language of whoever happened to ask.

    Words that people read later are kept in the house's language, as their msgids, and put in the
    reader's when they are shown (`accounts.kept`).
    """
    with translation.override(settings.LANGUAGE_CODE):
        yield
