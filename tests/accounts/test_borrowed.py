"""What is said in our way on the sign-in library's pages is what the library asks for."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils.translation import gettext, override

from accounts.borrowed import OF_ALLAUTH
from tests.builders import make_member

DU = re.compile(r"\b(du|dich|dir|dein\w*|gib|lass)\b", re.IGNORECASE)
PAGES = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
MEMBERS = (
    "/accounts/logout/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
)


def test_the_library_has_these_words():
    catalogue = files("allauth") / "locale" / "de" / "LC_MESSAGES" / "django.po"
    with catalogue.open("rb") as file:
        known = {message.id for message in read_po(file)}
    assert set(OF_ALLAUTH) - known == set()


@pytest.mark.parametrize("words", OF_ALLAUTH)
def test_they_are_said_politely(words: str):
    with override("de"):
        assert gettext(words) != words
        assert not DU.search(gettext(words))


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_called_du_at_the_door(client: Client, page: str):
    assert_polite(client.get(page, headers={"Accept-Language": "de"}).content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("page", MEMBERS)
def test_nobody_is_called_du_in_their_account(client: Client, page: str):
    client.force_login(make_member(language="de"))
    assert_polite(client.get(page).content.decode())


def assert_polite(text: str) -> None:
    assert '<html lang="de"' in text
    assert not DU.search(re.sub(r"<[^>]*>", " ", text))
