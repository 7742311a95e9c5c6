"""A member who is signed in, their photos, and a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from jobs.models import Photo
from sandbox.stack import certificate
from tests.builders import make_consent, make_member, make_photo, the_notice


@pytest.fixture
def rings(rings: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doorbells rung, by step.

    A test's own transaction is never committed, so what waits for that happens at once here; that
    it does wait is test_doorbell's question.
    """
    monkeypatch.setattr(transaction, "on_commit", lambda func, using=None, robust=False: func())
    return rings


@pytest.fixture
def member(client: Client) -> User:
    """Signed in, with a dollar."""
    user = make_member()
    client.force_login(user)
    return user


@pytest.fixture
def photo(member: User) -> Photo:
    """The member's, prepared, with live consent."""
    photo = make_photo(owner=member)
    make_consent(photo)
    return photo


@pytest.fixture
def photos(member: User) -> list[Photo]:
    """Three of the member's, about which nothing was said."""
    the_notice()
    return [make_photo(owner=member, title=f"Photo {number}") for number in range(3)]


@pytest.fixture
def signed(settings: Any, tmp_path: Path) -> None:
    """The house has a certificate of its own."""
    chain, key = certificate.make(tmp_path)
    settings.C2PA_CERTIFICATES_FILE, settings.C2PA_PRIVATE_KEY_FILE = chain, key
