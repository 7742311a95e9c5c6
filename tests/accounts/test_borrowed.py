"""What is said in our way on the sign-in library's pages is what the library asks for."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from babel.messages.pofile import read_po
from django.test import Client
from django.utils.translation import gettext, override

from accounts.borrowed import OF_ALLAUTH
from restoration_site.management.commands import messages
from tests.builders import make_member

DU = re.compile(r"\b(du|dich|dir|dein\w*|gib|lass)\b", re.IGNORECASE)
OTHER_ENGLISH = re.compile(r"\b(?:Emails?|email address\w*|Sign In|Sign Up|Remember Me)\b")
PAGES = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
MEMBERS = (
    "/accounts/logout/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
)


@pytest.mark.parametrize("path", PAGES)
def test_what_is_wrong_in_the_librarys_forms_is_summed_at_the_top(client: Client, path: str):
    page = client.post(path, {}).content.decode()
    summary, _, below = page.partition('class="field field--invalid"')
    assert "Please look at this again" in summary
    assert below
    assert "novalidate" in summary  # no bubble comes before it


def known_to_the_library() -> set[object]:
    catalogue = files("allauth") / "locale" / "de" / "LC_MESSAGES" / "django.po"
    with catalogue.open("rb") as file:
        return {message.id for message in read_po(file)}


def test_the_library_has_these_words():
    assert set(OF_ALLAUTH) - known_to_the_library() == set()


def test_the_library_has_what_we_say_in_other_english():
    with messages.po_of("en").open("rb") as file:
        ours = {message.id for message in read_po(file) if message.id}
    assert ours
    assert ours - known_to_the_library() == set()


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


@pytest.mark.django_db
@pytest.mark.parametrize("page", [*PAGES, *MEMBERS])
def test_an_account_is_spoken_of_in_one_english(client: Client, page: str):
    if page in MEMBERS:
        client.force_login(make_member())
    text = client.get(page).content.decode()
    assert not OTHER_ENGLISH.findall(text)


@pytest.mark.django_db
def test_a_wrong_password_is_said_plainly(client: Client):
    said = client.post(PAGES[0], {"login": "nobody@family.example", "password": "wrong"})
    assert "The e-mail address or the password is not right." in said.content.decode()


def assert_polite(text: str) -> None:
    assert '<html lang="de"' in text
    assert not DU.search(re.sub(r"<[^>]*>", " ", text))
