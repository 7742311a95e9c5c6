"""The letters' previews: every letter has one, it shows what is sent, and nothing in it can act."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.roles import BILLING_STAFF, REVIEWERS
from desk import letters
from desk.letter_samples import SAMPLES, Sample
from tests.builders import make_member
from tests.staff import client_of, staff

TEMPLATES = Path(settings.BASE_DIR) / "templates"
MISSING = "(not given)"
TWO = [("en", "English"), ("de", "Deutsch")]


@pytest.fixture
def strict() -> Iterator[None]:
    """What a template names and a sample doesn't give stands on the page."""
    engine = engines["django"].engine  # type: ignore[attr-defined]
    before, engine.string_if_invalid = engine.string_if_invalid, MISSING
    yield
    engine.string_if_invalid = before


def keys(sample: Sample) -> str:
    return sample.key


def test_every_letter_has_a_sample():
    folders = ("email/letters", "account/email")
    files = {
        str(file.relative_to(TEMPLATES)) for one in folders for file in TEMPLATES.glob(f"{one}/*")
    }
    assert len(files) > 20
    assert {sample.template for sample in SAMPLES} == files
    assert len({sample.key for sample in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=keys)
def test_a_preview_is_whole_and_asks_the_database_nothing(sample: Sample, strict: None):
    """Without the database's mark a query fails the test."""
    seen = letters.preview(sample, "en")
    assert seen.subject
    assert seen.text.count("\n") > 4
    for words in (seen.subject, seen.text, seen.html):
        assert MISSING not in words
        assert "None" not in words


def test_each_sample_has_a_face_of_its_own():
    """But for confirming an address, which says the same to whoever is new and who is not."""
    seen = {(one.subject, one.text) for one in letters.previews("en")}
    assert len(seen) == len(SAMPLES) - 1


def test_it_is_in_the_language_that_is_asked_for(settings: Any):
    settings.LANGUAGES = TWO
    near = next(sample for sample in SAMPLES if sample.key == "keep_until_near")
    german = letters.preview(near, "de")
    assert '<html lang="de">' in german.html
    assert "17. Mai 2031" in german.text
    assert "May 17, 2031" in letters.preview(near, "en").text


@pytest.mark.django_db
@pytest.mark.parametrize("role", [BILLING_STAFF, REVIEWERS])
def test_staff_see_the_list_and_each_letter(role: str, settings: Any):
    settings.LANGUAGES = TWO
    client, _ = staff(role)
    page = client.get(reverse("desk_letters")).content.decode()
    for sample in SAMPLES:
        assert f'href="{reverse("desk_letter", args=[sample.key])}?language=en"' in page
    shown = client.get(f"{reverse('desk_letter', args=['low_balance'])}?language=de")
    text = shown.content.decode()
    assert f'src="{reverse("desk_letter_html", args=["low_balance"])}?language=de"' in text
    assert '<a class="button" href="?language=en"' in text
    assert "0,74" in text
    strange = client.get(f"{reverse('desk_letter', args=['low_balance'])}?language=xx")
    assert (strange.status_code, strange.context["language"]) == (200, "en")
    assert client.get(reverse("desk_letter", args=["no-such"])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["desk_letters", "desk_letter", "desk_letter_html"])
def test_nobody_else_does(name: str):
    path = reverse(name, args=[] if name == "desk_letters" else ["delivered"])
    assert staff()[0].get(path).status_code == 403
    assert client_of(make_member()).get(path).status_code == 403


@pytest.mark.django_db
def test_the_frame_has_its_own_styles_and_nothing_else():
    client, _ = staff(REVIEWERS)
    answer = client.get(reverse("desk_letter_html", args=["delivered"]))
    html, policy = answer.content.decode(), answer["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    sha256 = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    directives = dict(one.partition(" ")[::2] for one in policy.split("; "))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{sha256}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert set(re.findall(r'href="([^"]*)"', html)) == {"#"}
    assert f"{settings.PUBLIC_BASE_URL}/jobs/" in html  # the address can still be read


@pytest.mark.django_db
def test_a_look_is_one_entry_of_the_trail():
    client, _ = staff(REVIEWERS)
    for name in ("desk_letter", "desk_letter_html"):
        client.get(reverse(name, args=["delivered"]))
    assert AuditEntry.objects.filter(what__contains="/desk/letters/").count() == 1
