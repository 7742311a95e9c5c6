"""The notice at the desk: versions to read, drafts to edit, look at and publish."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs import notices
from jobs.models import ConsentNotice, NoticeDraft
from tests.builders import publish_notice, the_notice
from tests.staff import queries, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> tuple[Client, User]:
    the_notice()
    return staff(REVIEWERS)


def hidden(text: str, name: str) -> str:
    (value,) = re.findall(rf'name="{name}" value="([^"]*)"', text)
    return str(value)


def draft(
    client: Client, text: str = "We keep it for a year. Pixazo restores it."
) -> tuple[NoticeDraft, str]:
    """Begin a draft, write it, and what its page then shows."""
    address = client.post(reverse("desk_notice_start"))["Location"]
    seen = hidden(client.get(address).content.decode(), "seen")
    saved = client.post(address, {"title": "Before", "text": text, "seen": seen}, follow=True)
    return NoticeDraft.objects.latest("pk"), saved.content.decode()


def publish(client: Client, found: NoticeDraft, page: str, **said: Any) -> Any:
    form = {
        "sha256": hidden(page, "sha256"),
        "version": hidden(page, "version"),
        "sure": "on",
        **said,
    }
    form = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("desk_notice_publish", args=[found.pk]), form, follow=True)


def test_a_draft_shows_how_it_reads_and_what_is_different(desk: tuple[Client, User]):
    client, _ = desk
    publish_notice("We keep it for ever.")
    _, page = draft(client, "We keep it for a year.")
    assert "<p>We keep it for a year." in page
    assert "<del>" in page
    assert "ever.</del>" in page
    assert "a year.</ins>" in page


def test_publishing_needs_a_tick_and_makes_the_next_version(desk: tuple[Client, User]):
    client, editor = desk
    before = notices.newest_version()
    found, page = draft(client)
    refused = publish(client, found, page, sure=None)
    assert refused.status_code == 422
    assert "Please read both" in refused.content.decode()
    assert notices.newest_version() == before
    done = publish(client, found, page).content.decode()
    assert f"Version {before + 1} is published." in done
    notice = ConsentNotice.objects.get(version=before + 1)
    assert (notice.text, notice.published_by) == (
        "We keep it for a year. Pixazo restores it.\n",
        editor,
    )
    assert AuditEntry.objects.filter(action="notice.publish", actor=editor).count() == 1
    assert str(editor) in client.get(reverse("desk_notices")).content.decode()


def test_what_does_not_name_who_restores_is_refused_in_clear_words(
    desk: tuple[Client, User], settings: Any
):
    client, _ = desk
    settings.FAL_KEY = "key"
    before = notices.newest_version()
    _, page = draft(client, "Pixazo restores it.")
    assert "The text does not name fal.ai: members are not asked about it" in page
    found, page = draft(client, "Somebody restores it.")
    assert "It can’t be published as it stands. The text does not name Pixazo" in page
    assert reverse("desk_notice_publish", args=[found.pk]) not in page
    form = {"sha256": notices.draft_sha256(found), "version": before, "sure": "on"}
    refused = client.post(reverse("desk_notice_publish", args=[found.pk]), form, follow=True)
    assert "without that name nobody could be asked for consent" in refused.content.decode()
    assert notices.newest_version() == before
    _, page = draft(client, "Pixazo restores it, or fal.ai.")
    assert "does not name" not in page


def test_whoever_comes_second_is_told(desk: tuple[Client, User]):
    client, _ = desk
    found, page = draft(client)
    other, other_page = draft(client, "Something else at Pixazo.")
    publish(client, other, other_page)
    told = publish(client, found, page).content.decode()
    assert "was published meanwhile. Look at the difference again." in told
    again = publish(client, other, other_page).content.decode()
    assert "published or discarded this draft meanwhile" in again


def test_a_draft_that_another_wrote_meanwhile_keeps_ones_own_words_on_the_page(
    desk: tuple[Client, User],
):
    client, _ = desk
    found, _ = draft(client)
    address = reverse("desk_notice_draft", args=[found.pk])
    said = {"title": "T", "text": "My own words.", "seen": "2020-01-01T00:00:00+00:00"}
    told = client.post(address, said)
    assert told.status_code == 422
    assert "Somebody else changed or published this draft" in told.content.decode()
    assert "My own words.</textarea>" in told.content.decode()


def test_a_draft_can_be_thrown_away(desk: tuple[Client, User]):
    client, _ = desk
    found, _ = draft(client)
    client.post(reverse("desk_notice_discard", args=[found.pk]))
    assert not NoticeDraft.objects.exists()


def test_what_a_draft_says_is_shown_as_words_never_as_markup(desk: tuple[Client, User]):
    client, _ = desk
    _, page = draft(client, "<script>alert(1)</script>")
    assert "<script>alert(1)" not in page


def test_a_version_shows_its_text_its_hash_and_what_it_changed(desk: tuple[Client, User]):
    client, _ = desk
    notice = publish_notice("Quite another text.")
    page = client.get(reverse("desk_notice", args=[notice.version])).content.decode()
    assert notice.sha256 in page
    assert "Quite another text." in page
    assert f"What it changed of version {notice.version - 1}" in page
    assert client.get(reverse("desk_notice", args=[99])).status_code == 404


def test_the_list_asks_as_little_for_many_versions_as_for_few(desk: tuple[Client, User]):
    client, editor = desk
    few = queries(client, reverse("desk_notices"))
    for number in range(4):
        publish_notice(f"Text {number}.", by=editor)
        notices.start(by=editor)
    assert queries(client, reverse("desk_notices")) == few


@pytest.mark.parametrize("role", [BILLING_STAFF, ""])
def test_nobody_else_comes_in(role: str):
    client, person = staff(role)
    found = notices.start(by=person)
    for name, arguments, method in (
        ("desk_notices", [], "get"),
        ("desk_notice", [1], "get"),
        ("desk_notice_start", [], "post"),
        ("desk_notice_draft", [found.pk], "get"),
        ("desk_notice_draft", [found.pk], "post"),
        ("desk_notice_publish", [found.pk], "post"),
        ("desk_notice_discard", [found.pk], "post"),
    ):
        address = reverse(name, args=arguments)
        assert getattr(client, method)(address).status_code == 403
        assert getattr(Client(), method)(address).status_code == 302
