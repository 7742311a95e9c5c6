"""What rows keep is the house's own words whoever asked, and its reader reads it in theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts import kept, ledger
from accounts.models import AuditEntry, Transfer, User
from accounts.models.wallet import GIVEN_UP
from jobs import catalog, refusals
from jobs.models import ConsentEvent, JobEvent, RestorationJob
from jobs.steps import aftermath, consent, order, review, trash
from tests.builders import make_consent, make_job, make_member, make_photo, pending
from tests.speaking import german

WORDS = {
    "You cancelled this.": "Das haben Sie abgebrochen.",
    "You withdrew consent for this photo.": "Sie haben die Einwilligung widerrufen.",
    refusals.WITH_REASON: "Der Anbieter nimmt das nicht an. Er sagt: „%(reason)s.“",
    "erased after %(days)s days in the trash": "nach %(days)s Tagen im Papierkorb gelöscht",
    "Given up when the account was closed": "Beim Schließen des Kontos aufgegeben",
    "Not accepted": "Nicht angenommen",
    "Somebody else": "Jemand anderes",
    "The person shown should be asked first": "Die Person sollte zuerst gefragt werden",
    "%(megapixels)s MP out × %(price)s": "%(megapixels)s MP mal %(price)s",
    "one price for any photo": "ein Preis für jedes Foto",
    "$%(amount)s": "%(amount)s\u00a0$",
}


@pytest.fixture
def in_german() -> Any:
    with german(WORDS), translation.override("de"):
        yield


# --- Sentences -----------------------------------------------------------------------------------
def test_a_kept_sentence_is_read_in_the_readers_language(in_german: None):
    assert kept.words("You cancelled this.") == "Das haben Sie abgebrochen."
    with translation.override("en"):
        assert kept.words("You cancelled this.") == "You cancelled this."


@pytest.mark.parametrize("reason", ["no face found", "It is 100 % blurred. Really"])
def test_what_a_kept_sentence_holds_is_found_again(in_german: None, reason: str):
    said = refusals.words_for(reason)
    assert said.startswith("The restorer does not accept this photo with these settings. It says:")
    assert kept.words(said) == f"Der Anbieter nimmt das nicht an. Er sagt: „{reason}.“"


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2.2824 MP out × $0.0021", "2,2824 MP mal 0,0021\u00a0$"),
        ("1,234.5 MP out × $1,000.50", "1.234,5 MP mal 1.000,50\u00a0$"),
        ("4 MP out × $0.0021", "4 MP mal 0,0021\u00a0$"),
        ("v1.2.3 MP out × $.5", "v1.2.3 MP mal $.5"),
    ],
)
def test_figures_in_a_kept_sentence_are_as_their_reader_writes_them(
    in_german: None, said: str, read: str
):
    assert kept.words(said) == read
    with translation.override("en"):
        assert kept.words(said) == said


@pytest.mark.parametrize("said", ["", "Some words of before.", "%(reason)s", "100 %"])
def test_what_is_no_sentence_of_ours_stands_as_it_is(in_german: None, said: str):
    assert kept.words(said) == said


def test_words_for_a_page_and_for_a_row_are_the_same_sentence_in_the_houses_language():
    plain = "Too dark."
    with translation.override("en"):
        assert kept.words(refusals.words_for(plain)) == refusals.words_for(plain)


# --- Rows ----------------------------------------------------------------------------------------
pytest_db = pytest.mark.django_db


@pytest_db
def test_what_a_german_member_causes_is_kept_as_everybodys_is(in_german: None):
    job = make_job()
    order.cancel(job=job, by=job.owner)
    job.refresh_from_db()
    assert job.failure_words == "You cancelled this."
    assert JobEvent.objects.filter(job=job).latest("pk").why == "You cancelled this."
    (back,) = Transfer.objects.filter(kind="RELEASE")
    assert (back.reason, back.reason_words) == (
        "You cancelled this.",
        "Das haben Sie abgebrochen.",
    )
    (told,) = aftermath.of_photo(job.photo)
    assert told.ended == "Das haben Sie abgebrochen."


@pytest_db
def test_how_a_price_came_about_is_kept_so_and_read_so(in_german: None):
    job = make_job(photo=make_photo(width_px=1000, height_px=1000), model=catalog.CODEFORMER)
    assert job.quote_explanation.startswith("4 MP out × $")
    assert kept.words(job.quote_explanation) == "4 MP mal 0,0021\u00a0$"
    assert make_job().quote_explanation == "one price for any photo"


@pytest_db
def test_what_staff_wrote_is_never_translated_and_what_the_house_wrote_is(in_german: None):
    member, clerk = make_member(), make_member()
    theirs = ledger.adjust(
        user=member, amount_micros=1, key="a", actor=clerk, reason="You cancelled this."
    )
    assert theirs.reason_words == "You cancelled this."
    ours = ledger.give_up(user=member, key="b")
    assert ours is not None
    assert (ours.reason, ours.reason_words) == (GIVEN_UP, WORDS[GIVEN_UP])


@pytest_db
def test_what_a_german_reviewer_decides_is_sealed_in_the_houses_words(in_german: None):
    """And the member's letter is in the member's language, not in the reviewer's."""
    given = pending()
    review.reject(consent=given, by=make_member(), seen=review.seen(given), reason_code="NOT_ASKED")
    event = ConsentEvent.objects.filter(consent=given).latest("pk")
    assert event.why == "The person shown should be asked first."
    entry = AuditEntry.objects.get(action="consent.reject")
    assert (entry.what, entry.why) == ("Not accepted: Somebody else", f"{event.why}")
    letter = given.given_by.letters.get()
    assert letter.context["reason"] == "The person shown should be asked first"
    given.given_by.language = "de"
    given.given_by.save()
    other = make_consent(make_photo(owner=given.given_by), depicted=("OTHER",))
    with translation.override("en"):
        review.reject(
            consent=other, by=make_member(), seen=review.seen(other), reason_code="NOT_ASKED"
        )
    letter = given.given_by.letters.latest("pk")
    assert letter.context["reason"] == WORDS["The person shown should be asked first"]


@pytest_db
def test_what_the_clock_erased_is_told_in_the_members_language(
    client: Client, in_german: None, settings: Any
):
    member = make_member(language="de")
    photo = make_photo(owner=member)
    given = make_consent(photo)
    trash.put(photo=photo, by=member)
    trash.erase_old(timezone.now() + timedelta(days=settings.TRASH_DAYS + 1), 10)
    event = ConsentEvent.objects.filter(consent=given).latest("pk")
    assert event.why == f"erased after {settings.TRASH_DAYS} days in the trash"
    client.force_login(member)
    page = client.get(reverse("consent_record", args=[photo.pk])).content.decode()
    assert f"nach {settings.TRASH_DAYS} Tagen im Papierkorb gelöscht" in page


@pytest_db
def test_a_withdrawal_that_staff_or_a_worker_carries_out_is_written_about_in_the_members_language():
    member: User = make_member(language="de")
    job: RestorationJob = make_job(photo=make_photo(owner=member))
    with german(WORDS):
        consent.withdraw(photo=job.photo, by=member)
    (letter,) = member.letters.all()
    (told,) = letter.context["restorations"]
    assert told["words"].startswith("Sie haben die Einwilligung widerrufen.")
