"""A letter is one template: its text is read from its HTML, so the two say the same."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import letters, mailing, plain
from tests.builders import make_member, run

TEMPLATES = Path(settings.BASE_DIR) / "templates"
PAGE = """<head><title>About &ldquo;Anna &amp; Bo&rdquo;
</title><style>p { color: red }</style></head><body><p class="mark">Heirloom</p>
<h1>Two
  lines</h1><p>One &lt;b&gt; and <strong>two</strong>.<br>Three</p>
<ul><li>first</li><li>second</li></ul><p>See <a href="https://a.example/?b=1&amp;c=2">it</a></p>
<p class="action"><a class="button" href="https://a.example/">Open</a></p>
<p class="address">https://a.example/</p><div class="why"><p>Because.</p></div></body>"""


def test_text_is_what_the_html_says():
    letter = plain.read(PAGE)
    assert letter.subject == "About “Anna & Bo”"
    assert letter.text == (
        "Two lines\n\nOne <b> and two.\nThree\n\n- first\n- second\n\n"
        "See it (https://a.example/?b=1&c=2)\n\nOpen:\n\nhttps://a.example/\n\nBecause.\n"
    )


@pytest.mark.django_db
def test_what_a_member_typed_is_words_in_both_and_makes_no_line_of_its_own():
    member = make_member()
    context = {
        "title": "<b>x</b>\nBcc: a@b.example",
        "note": "1 < 2\nsecond",
        "photo": str(uuid.UUID(int=0)),
        "site_url": "https://heirloom.example",
    }
    message = mailing.letter("review_asked", context, to=member)
    assert message.subject == "A question about “<b>x</b> Bcc: a@b.example”"
    assert "1 < 2\nsecond" in message.body
    (html, kind) = message.alternatives[0]
    assert kind == "text/html"
    assert "1 &lt; 2<br>second" in str(html)
    assert "<b>x</b>" not in str(html)


@pytest.mark.django_db
def test_no_letter_fetches_anything_from_afar_or_has_a_second_template():
    for template in (TEMPLATES / "email").rglob("*"):
        if template.is_file() and template.name != "style.css":
            source = template.read_text()
            assert template.suffix == ".html", template
            assert not re.search(r"<img|<script|url\(|<link|style=", source), template
    assert list((TEMPLATES / "account/email").glob("*.txt")) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("door", "known", "subject"),
    [
        ("account_signup", False, "Please confirm your e-mail address for Heirloom"),
        ("account_signup", True, "You have an account at Heirloom already"),
        ("account_reset_password", True, "A new password for Heirloom"),
        ("account_reset_password", False, "There is no account at Heirloom with this address"),
    ],
)
def test_what_allauth_sends_is_a_letter_of_the_house(
    client: Client, door: str, known: bool, subject: str
):
    email = f"{door}-{known}@family.example"  # how often one is written to is limited
    password = "a-good-password-for-1"
    if known:
        make_member(email=email)
    said = {"email": email, "password1": password, "password2": password}
    client.post(reverse(door), said)
    (message,) = mail.outbox
    assert message.subject == subject
    assert re.search(r"^https?://\S+/accounts/\S+$", str(message.body), re.MULTILINE)
    (html, _) = message.alternatives[0]  # type: ignore[attr-defined]
    assert "prefers-color-scheme: dark" in str(html)


@pytest.mark.django_db
def test_a_letter_that_was_written_goes_out_with_its_text_and_its_html():
    member = make_member()
    letters.write(
        to=member,
        kind="low_balance",
        key="one",
        context={"available_micros": 40_000, "line_micros": 1_000_000},
    )
    assert run("send") == 1
    (message,) = mail.outbox
    assert message.subject == "Your Heirloom wallet is down to $0.04"
    assert "below $1.00" in str(message.body)
    assert f"To the wallet:\n\n{settings.PUBLIC_BASE_URL}/wallet/\n" in str(message.body)
