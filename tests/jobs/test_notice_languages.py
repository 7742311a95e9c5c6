"""One version of the notice in several languages, and the record of which text was read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from jobs import consent_chain, consent_proof, notices, receipts, vendors
from jobs.forms.consents import ConsentForm
from jobs.models import Consent, ConsentNotice, NoticeDraft
from jobs.steps import consent as consent_step
from jobs.wording import Words
from tests.builders import make_member, make_photo, publish_notice, the_notice
from tests.conftest import PROTECTED_TABLES
from tests.jobs.forging import forging

pytestmark = pytest.mark.django_db

GERMAN = {"de": {"title": "Bevor wir anfangen", "text": "Eine Kopie geht an Pixazo.\n"}}


@pytest.fixture
def member(client: Client) -> User:
    user = make_member()
    client.force_login(user)
    return user


@pytest.fixture
def notice() -> ConsentNotice:
    """The newest, in English and German."""
    return notices.add(
        version=the_notice().version + 1,
        title="Before we begin",
        text="A copy goes to Pixazo.\n",
        translations=GERMAN,
        by=None,
    )


def give(notice: ConsentNotice, language: str, owner: User | None = None) -> Consent:
    photo = make_photo(owner=owner or make_member())
    (given,) = consent_step.give_many(
        photos=[photo],
        by=photo.owner,
        session_key="session",
        notice=notice,
        notice_language=language,
        words=Words(("pixazo",)),
        depicted=["MYSELF"],
        basis="",
        vendors=["pixazo"],
        keep_until=None,
    )
    return given


# --- What is read ------------------------------------------------------------------------------
def test_each_language_has_its_own_text_and_others_read_the_houses(notice: ConsentNotice):
    read = notice.in_language("de")
    assert (read.language, read.title, read.text) == ("de", *GERMAN["de"].values())
    assert read.sha256 == notices.sha256_of(GERMAN["de"]["text"]) != notice.sha256
    assert (notice.in_language("en").sha256, notice.in_language("fr").language) == (
        notice.sha256,
        "en",
    )
    assert [one.language for one in notice.texts] == ["en", "de"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_was_read_is_what_is_on_record(
    client: Client, member: User, notice: ConsentNotice, language: str
):
    """From the page to the receipt: the text that was shown, and no other."""
    member.language = language
    member.save()
    photo = make_photo(owner=member)
    address = reverse("consent", args=[photo.pk])
    read = notice.in_language(language)
    (other,) = [one for one in notice.texts if one != read]
    page = client.get(address)
    text = page.content.decode()
    assert f'<div class="prose" lang="{language}"><p>{read.text.strip()}<' in text
    assert other.text.strip() not in text
    form = {"depicted": ["MYSELF"], "purpose_restore": "on", "purpose_pixazo": "on"}
    shown = page.context["form"].shown
    assert shown["notice_language"] == language
    assert client.post(address, {**form, **shown}).status_code == 302
    given = Consent.objects.get()
    assert (given.notice_language, given.notice_sha256) == (language, read.sha256)
    assert given.wording is not None
    assert given.wording.text.startswith(f"language\t{language}\n")
    member.language = other.language
    member.save()
    record = client.get(reverse("consent_record", args=[photo.pk])).content.decode()
    assert read.text.strip() in record  # whatever they read in today
    assert read.sha256 in record
    assert other.text.strip() not in record
    told = receipts.receipt(given)["pii_processing"]
    assert told["language"] == told["privacy_notice"]["language"] == language
    assert (told["privacy_notice"]["text"], told["privacy_notice"]["sha256"]) == (
        read.text,
        read.sha256,
    )


def test_where_it_does_not_stand_in_their_language_they_read_english_and_the_record_says_so(
    client: Client, member: User
):
    publish_notice("Only this.")
    member.language = "de"
    member.save()
    photo = make_photo(owner=member)
    page = client.get(reverse("consent", args=[photo.pk]))
    assert '<div class="prose" lang="en"><p>Only this.</p>' in page.content.decode()
    form = {"depicted": ["MYSELF"], "purpose_restore": "on", "purpose_pixazo": "on"}
    client.post(reverse("consent", args=[photo.pk]), {**form, **page.context["form"].shown})
    given = Consent.objects.get()
    assert (given.notice_language, given.notice_sha256) == ("en", the_notice().sha256)
    assert given.wording is not None
    assert given.wording.text.startswith("language\tde\n")


def test_a_page_that_was_read_in_another_language_is_read_anew(
    client: Client, member: User, notice: ConsentNotice
):
    """Somebody chose another language in another tab: nothing that they ticked counts."""
    photo = make_photo(owner=member)
    shown = ConsentForm(notice=notice).shown
    form = {"depicted": ["MYSELF"], "purpose_restore": "on", "purpose_pixazo": "on", **shown}
    member.language = "de"
    member.save()
    answer = client.post(reverse("consent", args=[photo.pk]), form)
    assert answer.status_code == 422
    assert GERMAN["de"]["text"].strip() in answer.content.decode()
    assert not Consent.objects.exists()
    with translation.override("de"):
        words = Words(("pixazo",)).sha256
    only_the_notice = {**form, "notice_language": "en", "words_sha256": words}
    assert client.post(reverse("consent", args=[photo.pk]), only_the_notice).status_code == 422
    assert not Consent.objects.exists()


def test_a_language_in_which_it_does_not_stand_can_not_have_been_read(notice: ConsentNotice):
    with pytest.raises(ValueError, match="not written"):
        give(notice, "fr")
    assert not Consent.objects.exists()


def test_the_database_takes_no_statement_that_does_not_name_its_text(notice: ConsentNotice):
    given = give(notice, "de")
    for column in ("notice_language", "notice_sha256"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Consent.objects.filter(pk=given.pk).update(**{column: ""})


# --- What is published ---------------------------------------------------------------------------
def draft(text: str, german: str = "", *, title: str = "Titel") -> NoticeDraft:
    editor = make_member(micros=0, is_staff=True)
    begun = notices.start(by=editor)
    return notices.edit(
        draft=begun,
        by=editor,
        title="Title",
        text=text,
        translations={"de": {"title": title, "text": german}} if german else {},
        seen=begun.edited_at,
    )


def publish(found: NoticeDraft, seen: str = "") -> ConsentNotice:
    return notices.publish(
        draft=found,
        by=found.edited_by,
        seen_sha256=seen or notices.draft_sha256(found),
        seen_version=notices.newest_version(),
    )


def test_all_languages_are_published_together_and_begin_the_next_draft():
    the_notice()
    notice = publish(draft("To Pixazo.", "An Pixazo. \r\n"))
    assert notice.translations == {"de": {"title": "Titel", "text": "An Pixazo.\n"}}
    assert notices.start(by=make_member()).translations == notice.translations


@pytest.mark.parametrize(
    ("text", "german", "why"),
    [
        ("To Pixazo.", "An jemanden.", "Deutsch: The text does not name Pixazo"),
        ("To somebody.", "An Pixazo.", "English: The text does not name Pixazo"),
        ("To Pixazo or fal.ai.", "An Pixazo.", "do not name the same vendors"),
        ("To Pixazo.", "An Pixazo oder fal.ai.", "do not name the same vendors"),
    ],
)
def test_no_language_is_published_whose_readers_would_be_asked_something_else(
    text: str, german: str, why: str
):
    before = the_notice()
    with pytest.raises(notices.CannotPublish, match=why):
        publish(draft(text, german))
    assert notices.newest() == before


def test_a_text_without_a_title_is_not_published_in_any_language():
    the_notice()
    with pytest.raises(notices.CannotPublish, match="a title and a text"):
        publish(draft("To Pixazo.", "An Pixazo.", title=" "))


def test_another_translation_is_something_new_and_the_same_is_not():
    the_notice()
    publish(draft("To Pixazo.", "An Pixazo."))
    with pytest.raises(notices.CannotPublish, match="says already"):
        publish(draft("To Pixazo.", "An Pixazo."))
    assert publish(draft("To Pixazo.", "Zu Pixazo.")).in_language("de").text == "Zu Pixazo.\n"


def test_a_translation_that_the_page_did_not_show_is_not_published():
    the_notice()
    found = draft("To Pixazo.", "An Pixazo.")
    seen = notices.draft_sha256(found)
    notices.edit(
        draft=found,
        by=found.edited_by,
        title=found.title,
        text=found.text,
        translations={"de": {"title": "Titel", "text": "Anders, an Pixazo."}},
        seen=found.edited_at,
    )
    with pytest.raises(notices.CannotPublish, match="changed meanwhile"):
        publish(found, seen)


# --- The seal ------------------------------------------------------------------------------------
def test_a_published_translation_is_never_changed(notice: ConsentNotice):
    assert "jobs_consentnotice" in PROTECTED_TABLES
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_consentnotice SET translations = '{}'")


def problems() -> list[str]:
    return consent_proof.findings(timezone.now())[0]


@pytest.mark.parametrize(
    "translations",
    [
        {"de": {"title": "Bevor wir anfangen", "text": "Eine Kopie geht an alle, auch Pixazo.\n"}},
        {"de": {"title": "Anders", "text": GERMAN["de"]["text"]}},
        {},
        {**GERMAN, "fr": {"title": "Avant", "text": "Une copie va à Pixazo.\n"}},
        {"de": None},
        {"de": {"text": 7}},
    ],
)
def test_another_translation_than_the_published_one_is_found(
    notice: ConsentNotice, translations: dict[str, Any]
):
    give(notice, "de")
    assert problems() == []
    with forging(ConsentNotice):
        ConsentNotice.objects.filter(pk=notice.pk).update(translations=translations)
    assert f"notice {notice.version}: it is not what was published" in problems()


def test_a_statement_that_names_another_text_than_was_read_is_found(notice: ConsentNotice):
    """Its seal holds which it was; and a text that the notice has not can't have been read."""
    given = give(notice, "de")
    assert problems() == []
    read = notice.in_language("en")
    Consent.objects.filter(pk=given.pk).update(notice_language="en", notice_sha256=read.sha256)
    assert problems() == [f"consent {given.pk}: what was said is not what was sealed"]
    Consent.objects.filter(pk=given.pk).update(notice_language="de")
    assert (
        f"consent {given.pk}: the text that it says was read is none of its notice's" in problems()
    )


def test_a_notice_in_one_language_is_sealed_as_it_always_was():
    """Or no seal that was made before would hold."""
    notice = publish_notice("Only this.")
    facts = {
        "version": notice.version,
        "title": notice.title,
        "text": notice.text,
        "sha256": notice.sha256,
        "published_at": consent_chain._moment(notice.published_at),
        "published_by": notice.published_by_id,
    }
    assert notice.seal == consent_chain._sha256(facts)


def test_a_statement_sealed_before_the_text_was_named_still_holds(notice: ConsentNotice):
    given = give(notice, "en")
    before = consent_chain.statement_sha256(given, form=3)
    given.notice_language = "de"
    assert consent_chain.statement_sha256(given, form=3) == before
    assert consent_chain.statement_sha256(given, form=4) != before


def test_a_vendor_that_only_the_other_language_names_is_not_asked_about(settings: Any):
    """Such a version can't be published; were there one, nobody agrees to what they can't read."""
    settings.FAL_KEY = "key"
    the_notice()
    notice = notices.add(
        version=notices.newest_version() + 1,
        title="T",
        text="To Pixazo or fal.ai.",
        translations={"de": {"title": "T", "text": "An Pixazo."}},
        by=None,
    )
    with translation.override("de"):
        assert ConsentForm(notice=notice).words.vendors == ("pixazo",)
    assert ConsentForm(notice=notice).words.vendors == ("pixazo", "fal")
    assert vendors.to_ask_about(notice.in_language("de").text) == ("pixazo",)
