"""In which language somebody reads: their browser's, the switch's, then their own account's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import languages, letters, mailing
from accounts.models import User
from accounts.reading import as_read_by, on_record
from jobs.models import PhotoState
from jobs.views.cards import PhotoCard
from jobs.views.live import live_address
from tests.builders import make_member, make_photo, run
from tests.speaking import german
from tests.staff import make_clerk

pytestmark = pytest.mark.django_db

WORDS = {
    "Sign in": "Anmelden",
    "Language": "Sprache",
    "Photos": "Fotos",
    "There is nothing here": "Hier ist nichts",
    "Something broke on our side": "Bei uns ist etwas kaputtgegangen",
}
GERMAN_BROWSER: dict[str, Any] = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


def language_of(answer: Any) -> str:
    """Of a whole page; what it says of itself and what its header says are one."""
    (said,) = re.findall(r'<html lang="([^"]*)"', answer.content.decode())
    assert answer["Content-Language"] == said
    return str(said)


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


# --- Which one ---------------------------------------------------------------------------------
@pytest.mark.parametrize("row", [None, "", "en", "de", "xx"])  # a visitor has none
@pytest.mark.parametrize("cookie", ["", "en", "de", "xx"])
@pytest.mark.parametrize("browser", ["", "en", "de-AT", "fr"])
def test_the_account_comes_before_the_cookie_and_the_cookie_before_the_browser(
    client: Client, row: str | None, cookie: str, browser: str
):
    if row is not None:
        client.force_login(make_member(language=row))
    if cookie:
        client.cookies["django_language"] = cookie
    answer = client.get("/" if row is None else "/wallet/", HTTP_ACCEPT_LANGUAGE=browser)
    known = [one for one in (row, cookie, browser[:2]) if one in ("en", "de")]
    expected = "en" if row == "xx" else [*known, "en"][0]
    assert language_of(answer) == expected
    assert {"Accept-Language", "Cookie"} <= set(re.split(r",\s*", answer["Vary"]))


def test_what_is_none_of_the_languages_is_refused_and_read_as_the_houses_own():
    with pytest.raises(ValidationError):
        User(email="a@b.example", language="xx").full_clean(exclude=["password"])
    assert (languages.code("xx"), languages.code("")) == ("en", "en")
    with translation.override("de-at"):
        assert languages.current() == "en"
    assert User(language="xx").reads_in == "en"


@pytest.mark.parametrize("address", ["/nowhere/", "/accounts/login/", "/"])
def test_every_page_is_in_it_one_that_is_missing_too(client: Client, address: str):
    with german(WORDS):
        answer = client.get(address, **GERMAN_BROWSER)
    assert language_of(answer) == "de"
    assert "Anmelden" in answer.content.decode()


def test_a_page_that_broke_is_in_it_too(client: Client, monkeypatch: Any):
    client.raise_request_exception = False
    monkeypatch.setattr("restoration_site.middleware.SignInWholePages.__call__", lambda *_: 1 / 0)
    client.force_login(make_member(language="de"))
    with german(WORDS):
        answer = client.get("/")
    assert answer.status_code == 500
    assert language_of(answer) == "de"
    assert WORDS["Something broke on our side"] in answer.content.decode()


def test_staff_read_their_pages_and_the_admin_in_it(client: Client):
    clerk = make_clerk()
    clerk.language, clerk.is_staff = "de", True
    clerk.save()
    clerk.user_permissions.add(Permission.objects.get(codename="view_transfer"))
    client.force_login(clerk)
    assert language_of(client.get(reverse("desk"))) == "de"
    answer = client.get(reverse("admin:index"))
    assert language_of(answer) == "de"
    assert "Willkommen" in answer.content.decode()  # Django's own German


def test_the_next_who_is_served_by_the_same_thread_reads_in_their_own(client: Client):
    german_one = Client()
    german_one.force_login(make_member(language="de"))
    assert language_of(german_one.get("/wallet/")) == "de"
    assert language_of(client.get("/")) == "en"


# --- Choosing ------------------------------------------------------------------------------------
def choose(client: Client, language: str, *, to: str = "/", **more: Any) -> Any:
    return client.post(reverse("choose_language"), {"language": language, "next": to}, **more)


def test_a_visitors_choice_is_a_cookie_that_lasts(client: Client):
    answer = choose(client, "de", to="/accounts/login/")
    assert answer["Location"] == "/accounts/login/"
    cookie = answer.cookies["django_language"]
    assert (cookie.value, cookie["samesite"], bool(cookie["httponly"])) == ("de", "Lax", True)
    assert cookie["max-age"] > 300 * 24 * 3600
    assert language_of(client.get("/")) == "de"


def test_a_members_choice_goes_with_them_to_another_browser(client: Client):
    member = make_member()
    client.force_login(member)
    choose(client, "de")
    member.refresh_from_db()
    assert member.language == "de"
    elsewhere = Client()
    elsewhere.force_login(member)
    assert language_of(elsewhere.get("/wallet/")) == "de"
    choose(elsewhere, "en")
    assert language_of(client.get("/wallet/")) == "en"  # the row, not the older cookie


@pytest.mark.parametrize("language", ["xx", "", "../de"])
def test_what_is_no_language_changes_nothing(client: Client, language: str):
    member = make_member(language="de")
    client.force_login(member)
    answer = choose(client, language)
    member.refresh_from_db()
    assert member.language == "de"
    assert "django_language" not in answer.cookies


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "http:x",
    ],
)
def test_it_leads_nowhere_but_to_this_house(client: Client, address: str):
    assert choose(client, "de", to=address)["Location"] == "/"


def test_it_is_a_deed_and_needs_no_token_that_would_set_a_cookie_for_who_only_looks(
    client: Client, settings: Any
):
    answer = client.get(reverse("choose_language"), {"language": "de"})
    assert (answer["Location"], answer.cookies) == (reverse("front"), {})
    strict = Client(enforce_csrf_checks=True)
    assert strict.get("/").cookies == {}
    assert choose(strict, "de").status_code == 302
    # So another site's form comes without the member's session, and can't reach their row.
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_the_switch_leads_back_to_the_same_page_and_names_each_language_in_itself(client: Client):
    page = client.get("/accounts/login/?next=/wallet/").content.decode()
    assert '<input type="hidden" name="next" value="/accounts/login/?next=/wallet/">' in page
    assert re.search(r'<button [^>]*value="de" lang="de">Deutsch</button>', page)
    assert re.search(r'<button [^>]*value="en" lang="en" aria-current="true">English<', page)
    page = client.get("/accounts/login/", **GERMAN_BROWSER).content.decode()
    assert re.search(r'<button [^>]*value="de" lang="de" aria-current="true">Deutsch<', page)
    assert re.search(r'<button [^>]*value="en" lang="en">English</button>', page)


def test_what_somebody_has_typed_is_not_thrown_away_by_it(client: Client):
    """A form that is shown again can't be asked for: the switch would lead away from it."""
    answer = client.post("/accounts/login/", {"login": "nobody@family.example", "password": "x"})
    assert answer.status_code in (200, 422)
    assert reverse("choose_language") not in answer.content.decode()


def test_the_accounts_page_offers_the_same(client: Client):
    client.force_login(make_member(language="de"))
    with german(WORDS):
        page = client.get(reverse("language")).content.decode()
    assert "<h1>Sprache</h1>" in page
    assert page.count('value="en" lang="en"') == 2
    assert Client().get(reverse("language")).status_code == 302


# --- Learning it ---------------------------------------------------------------------------------
def test_whoever_signs_up_is_written_to_in_the_language_of_the_page(client: Client):
    password = "a-good-password-for-1"
    said = {"email": "new@family.example", "password1": password, "password2": password}
    client.post(reverse("account_signup"), said, **GERMAN_BROWSER)
    assert User.objects.get(email="new@family.example").language == "de"
    (message,) = mail.outbox
    assert '<html lang="de">' in html_of(message)


def test_signing_in_teaches_it_once_and_overrules_no_choice(client: Client):
    member = make_member()
    said = {"login": member.email, "password": "a-good-password"}
    client.post(reverse("account_login"), said, **GERMAN_BROWSER)
    member.refresh_from_db()
    assert member.language == "de"
    client.post(reverse("account_logout"))
    client.post(reverse("account_login"), said, HTTP_ACCEPT_LANGUAGE="en")
    member.refresh_from_db()
    assert member.language == "de"


# --- Letters -------------------------------------------------------------------------------------
LETTER = {
    "Your Heirloom wallet is down to %(left)s": "Ihr Guthaben bei Heirloom: noch %(left)s",
    "$%(amount)s": "%(amount)s\u00a0$",
}


@pytest.mark.parametrize(("to", "by"), [("de", "en"), ("en", "de")])
def test_a_letter_is_in_the_language_of_whom_it_is_for_whoever_sends_it(to: str, by: str):
    letters.write(
        to=make_member(language=to),
        kind="low_balance",
        key="one",
        context={"available_micros": 1_040_000, "line_micros": 2_000_000},
    )
    with german(LETTER), translation.override(by):
        assert run("send") == 1
    (message,) = mail.outbox
    expected = "Ihr Guthaben bei Heirloom: noch 1,04 $"
    assert message.subject == (expected if to == "de" else "Your Heirloom wallet is down to $1.04")
    assert f'<html lang="{to}">' in html_of(message)


@pytest.mark.parametrize(
    ("account", "browser"), [("de", "en"), ("", "de"), (None, "de")], ids=["chosen", "not", "none"]
)
def test_what_allauth_sends_is_in_the_accounts_language_else_in_the_pages(
    client: Client, account: str | None, browser: str
):
    email = f"reset-{account}@family.example"
    if account is not None:
        make_member(email=email, language=account)
    asked = {"email": email}
    client.post(reverse("account_reset_password"), asked, HTTP_ACCEPT_LANGUAGE=browser)
    (message,) = mail.outbox
    assert '<html lang="de">' in html_of(message)


def test_a_letter_to_nobody_we_know_is_in_the_language_of_whoever_asks():
    context = {"email": "x@family.example", "password_reset_url": "https://x.example/"}
    with translation.override("de"):
        message = mailing.compose("account/email/unknown_account_message.html", context, to="x@y.z")
    assert '<html lang="de">' in html_of(message)


# --- What is kept --------------------------------------------------------------------------------
def test_words_for_the_record_are_the_houses_own_whoever_asks():
    member = make_member(language="de", time_zone="Europe/Berlin")
    with translation.override("de"):
        with on_record():
            assert languages.current() == "en"
        assert languages.current() == "de"
    with as_read_by(member):
        assert languages.current() == "de"
    assert languages.current() == "en"


# --- What holds no words -------------------------------------------------------------------------
def test_what_a_page_asks_again_and_again_is_the_same_in_every_language(client: Client):
    """So a 304 can't hide a change of language; the card it leads to is asked for by itself."""
    member = make_member(language="de")
    client.force_login(member)
    photo = make_photo(owner=member)
    photo.state = PhotoState.UPLOADED
    photo.save()
    address = live_address(member.pk, photos=[PhotoCard(photo)], jobs=[])
    first = client.get(address, HTTP_ACCEPT_LANGUAGE="de")
    again = client.get(address, HTTP_ACCEPT_LANGUAGE="en", HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304
    (told,) = first.json()["rows"].values()
    assert told == ["UPLOADED", None]
