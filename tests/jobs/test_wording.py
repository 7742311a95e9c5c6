"""jobs.wording: what stands beside the boxes is what the record keeps, no word more or less."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs import vendors, wording
from jobs.models import Consent, ConsentWording
from jobs.steps import consent as consent_step
from jobs.wording import Words
from tests.builders import make_consent, make_member, make_photo, publish_notice, the_notice
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client: Client) -> User:
    """At her browser."""
    person = make_member()
    client.force_login(person)
    return person


class FormText(HTMLParser):
    """The page's visible words, and by themselves those in its form, one string a text node."""

    SILENT = ("script", "style", "title")
    VOID = ("input", "br", "img", "meta", "link")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.form: list[str] = []
        self.page: list[str] = []
        self.boxes: list[str] = []
        self.hidden: dict[str, str] = {}
        self.folded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "input" and said.get("type") == "checkbox":
            self.boxes.append(said["name"])
        if tag == "input" and said.get("type") == "hidden":
            self.hidden[said["name"]] = said.get("value", "")
        if tag not in self.VOID:
            self.open.append(f"{tag} consent" if said.get("id") == "consent-form" else tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().split()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if not words or set(self.SILENT) & set(self.open):
            return
        self.page.append(words)
        if "form consent" in self.open:
            self.form.append(words)
            if "details" in self.open:
                self.folded.append(words)


def ask(client: Client, owner: User, *, photos: int) -> FormText:
    """The page as a member sees it who is asked about so many photos."""
    asked = [make_photo(owner=owner) for _ in range(photos)]
    if photos == 1:
        answer = client.get(reverse("consent", args=[asked[0].pk]))
    else:
        answer = client.get(reverse("consent_many"), {"photo": [str(one.pk) for one in asked]})
    return FormText(answer.content.decode())


def send(client: Client, owner: User, shown: FormText) -> Consent:
    """Tick what there is, and send it."""
    photo = make_photo(owner=owner)
    form = {
        name: shown.hidden[name] for name in ("notice_version", "notice_language", "words_sha256")
    }
    ticks = {name: "on" for name in shown.boxes if name.startswith("purpose_")}
    client.post(reverse("consent", args=[photo.pk]), {"depicted": ["DECEASED"], **ticks, **form})
    return photo.consents.get()


@pytest.mark.parametrize("photos", [1, 2])
@pytest.mark.parametrize("with_fal", [False, True])
def test_every_word_of_the_form_is_kept_and_every_kept_word_is_shown(
    client: Client, member: User, settings: Any, photos: int, with_fal: bool
):
    the_notice()
    if with_fal:
        settings.FAL_KEY = "key"
        publish_notice("Or to fal.ai.")
    shown = ask(client, member, photos=photos)
    vendors = ("pixazo", "fal") if with_fal else ("pixazo",)
    kept = Words(vendors, many=photos > 1)
    assert shown.hidden["words_sha256"] == kept.sha256
    passages = list(wording.read(kept.text))
    in_the_page = " ".join(shown.page)
    assert [one.words for one in passages if one.words not in in_the_page] == []
    in_the_record = "\n".join(one.words for one in passages)
    assert len(shown.form) > 20
    assert not shown.folded  # what the record says was read stood there to be read
    assert [words for words in shown.form if words not in in_the_record] == []
    boxes = [one for one in passages if one.kind == wording.BOX]
    assert len(boxes) == len(shown.boxes)
    assert [one.box for one in boxes if one.box.startswith("send")] == [
        f"send={vendor}" for vendor in vendors
    ]
    assert ("Without this tick, your order waits for Pixazo." in in_the_record) == with_fal


def test_what_is_recorded_is_what_the_page_showed(client: Client, member: User):
    the_notice()
    shown = ask(client, member, photos=1)
    given = send(client, member, shown)
    assert given.wording is not None
    assert given.wording.sha256 == shown.hidden["words_sha256"]
    assert "\nbox depicted=CHILD\tA child whose parent or guardian I am\n" in given.wording.text


def test_the_same_words_are_one_row_and_other_words_another():
    first, second = make_consent(make_photo()), make_consent(make_photo())
    assert first.wording == second.wording
    third = make_consent(make_photo(), vendors=("pixazo", "fal"))
    assert third.wording != first.wording
    assert ConsentWording.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_are_the_first_to_read_the_same_words_share_one_row():
    photos = [make_photo(), make_photo()]
    the_notice()
    at_once(2, lambda number: make_consent(photos[number]))
    assert len({one.wording_id for one in Consent.objects.all()}) == 1
    assert Consent.objects.count() == 2
    assert ConsentWording.objects.count() == 1


def test_kept_words_can_neither_be_changed_nor_deleted():
    kept = make_consent(make_photo()).wording
    assert kept is not None
    for sql in (
        f"UPDATE jobs_consentwording SET text = 'x' WHERE id = {kept.pk}",
        f"DELETE FROM jobs_consentwording WHERE id = {kept.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_the_answers_stand_beside_the_words():
    given = make_consent(make_photo(), depicted=("DECEASED",))
    said = wording.as_answered(given)
    answers = {one.passage.box: one.ticked for one in said if one.passage.kind == wording.BOX}
    assert {one.ticked for one in said if one.passage.kind != wording.BOX} == {None}
    assert [box for box, ticked in answers.items() if ticked] == [
        "depicted=DECEASED",
        "restore",
        "send=pixazo",
    ]
    assert answers["depicted=CHILD"] is False


def test_of_a_statement_from_before_no_words_are_made_up():
    given = make_consent(make_photo())
    given.wording = None
    assert wording.as_answered(given) == []


def test_a_kept_text_reads_as_it_was_written():
    kept = Words(("pixazo", "fal"), many=True)
    assert list(wording.read(kept.text)) == list(kept.passages())
    assert not re.search(r"[ \t]\n|\n\n", kept.text)


def test_nobody_agrees_to_what_was_not_asked():
    photo = make_photo()
    with pytest.raises(ValueError, match="not asked"):
        consent_step.give_many(
            photos=[photo],
            by=photo.owner,
            session_key="session",
            notice=the_notice(),
            notice_language="en",
            words=Words(("pixazo",)),
            depicted=["MYSELF"],
            basis="",
            vendors=["pixazo", "fal"],
            keep_until=None,
        )
    assert not Consent.objects.exists()


# --- Which vendors are asked about ------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("We send it to Pixazo, or to fal.ai.", ("pixazo", "fal")),
        ("We send it to FAL.AI and PIXAZO.", ("pixazo", "fal")),
        ("We send it to Pixazo.", ("pixazo",)),
        ("We send it to Pixazo, not to befal.aisle.", ("pixazo",)),
        ("We send it to fal.ai.", ()),
        ("We send it to somebody.", ()),
    ],
)
def test_a_vendor_is_asked_about_only_when_the_notice_names_it(
    settings: Any, text: str, asked: tuple[str, ...]
):
    settings.FAL_KEY = "key"
    assert vendors.to_ask_about(text) == asked
    settings.FAL_KEY = ""
    assert vendors.to_ask_about(text) == asked[:1]
