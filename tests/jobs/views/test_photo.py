"""One photo's page and its consent: whose it is, what is offered, what was said and taken back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User, Wallet
from jobs import catalog, titles
from jobs.catalog import advice
from jobs.forms.consents import ConsentForm
from jobs.models import Consent, ConsentStatus, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.steps import trash
from tests.builders import make_consent, make_job, make_member, make_photo, run, the_notice
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db

PHOTO_QUERIES = 19  # at most


def page(client: Client, photo: Photo) -> str:
    return client.get(reverse("photo", args=[photo.pk])).content.decode()


# --- Whose photo ----------------------------------------------------------------------------
DOORS = [
    ("get", "photo", ()),
    ("get", "consent", ()),
    ("post", "consent", ()),
    ("post", "withdraw", ()),
    ("get", "quote", ("gfpgan",)),
    ("post", "restore", ("gfpgan",)),
    ("post", "compare", ()),
    ("post", "photo_title", ()),
]


@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_somebody_elses_photo_is_not_there_whichever_door_is_tried(
    client: Client, member: User, method: str, name: str, more: tuple[str, ...]
):
    other = make_photo()
    make_consent(other)
    response = getattr(client, method)(reverse(name, args=[other.pk, *more]))
    assert response.status_code == 404
    assert Consent.objects.get().status == ConsentStatus.GRANTED
    assert not RestorationJob.objects.exists()


@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_whoever_is_not_signed_in_is_asked_to_whichever_door_is_tried(
    client: Client, method: str, name: str, more: tuple[str, ...]
):
    address = reverse(name, args=[make_photo().pk, *more])
    response = getattr(client, method)(address)
    assert response["Location"] == f"{reverse('account_login')}?next={address}"


def test_staff_see_no_members_photo_through_the_members_pages(client: Client):
    client.force_login(make_member(is_staff=True, is_superuser=True))
    assert client.get(reverse("photo", args=[make_photo().pk])).status_code == 404


@pytest.mark.parametrize("state", [PhotoState.ERASING, PhotoState.ERASED])
@pytest.mark.parametrize(("method", "name", "more"), DOORS)
def test_every_door_of_an_erased_photo_leads_its_owner_to_the_record(
    client: Client, member: User, state: str, method: str, name: str, more: tuple[str, ...]
):
    photo = make_photo(owner=member, state=state)
    address, record = reverse(name, args=[photo.pk, *more]), record_of(photo)
    assert getattr(client, method)(address)["Location"] == record
    text = client.get(record).content.decode()
    assert "This photo has been erased." in text
    assert "Nothing was ever said about who is in it." in text
    fragment = getattr(client, method)(address, headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"] == record  # a page that is swapped in parts goes there whole


def record_of(photo: Photo) -> str:
    return reverse("consent_record", args=[photo.pk])


def test_the_statements_link_of_an_erased_photos_job_leads_to_the_record(
    client: Client, photo: Photo, vendor: FakeVendor, rings: list[str]
):
    job = make_job(photo=photo)
    address = reverse("job", args=[job.pk])
    client.post(reverse("withdraw", args=[photo.pk]))
    assert client.get(address, follow=True).redirect_chain[-1] == (record_of(photo), 302)
    client.force_login(make_member())
    for stranger_at in (address, reverse("photo", args=[photo.pk]), record_of(photo)):
        assert client.get(stranger_at).status_code == 404


@pytest.mark.parametrize(
    ("method", "name", "more"),
    [
        ("get", "withdraw", ()),
        ("get", "restore", ("gfpgan",)),
        ("get", "compare", ()),
        ("get", "photo_title", ()),
    ],
)
def test_what_changes_something_is_never_done_by_looking(
    client: Client, photo: Photo, bucket: None, method: str, name: str, more: tuple[str, ...]
):
    page = getattr(client, method)(reverse(name, args=[photo.pk, *more]), follow=True)
    assert page.redirect_chain == [(reverse("photo", args=[photo.pk]), 302)]
    assert "Nothing was done yet. Please press the button again." in page.content.decode()
    photo.refresh_from_db()
    assert photo.state == PhotoState.PREPARED


# --- Its name -------------------------------------------------------------------------------
def rename(client: Client, photo: Photo, title: str) -> Any:
    return client.post(reverse("photo_title", args=[photo.pk]), {"title": title}, follow=True)


def test_a_photo_is_called_what_its_member_calls_it(client: Client, photo: Photo):
    sealed = make_consent(photo).events.values_list()
    before = list(sealed.all())
    text = rename(
        client, photo, " Anna\t/ Bertha\n\N{RIGHT-TO-LEFT OVERRIDE}1931 "
    ).content.decode()
    photo.refresh_from_db()
    assert photo.title == "Anna / Bertha 1931"
    assert "<h1><bdi>Anna / Bertha 1931</bdi></h1>" in text
    assert list(sealed.all()) == before


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("", "Please give it a name."),
        (" \N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH JOINER} ", "Please give it a name."),
        ("a" * 201, "at most 200 characters"),
    ],
)
def test_a_name_that_cannot_be_is_refused_beside_the_field(
    client: Client, photo: Photo, title: str, words: str
):
    before = photo.title
    answer = rename(client, photo, title)
    assert answer.status_code == 422
    top, field = answer.content.decode().split("<summary>Rename the photo</summary>")
    assert words in top
    assert words in field
    assert top.rstrip().endswith('<details class="more no-print" open>')
    photo.refresh_from_db()
    assert photo.title == before


def test_a_photo_in_the_trash_is_not_renamed(client: Client, photo: Photo):
    trash.put(photo=photo, by=photo.owner)
    assert "in the trash" in rename(client, photo, "Anna").content.decode()
    photo.refresh_from_db()
    assert photo.title != "Anna"


def test_one_that_leaves_meanwhile_gets_no_name_any_more(photo: Photo):
    seen = Photo.objects.get(pk=photo.pk)
    Photo.objects.filter(pk=photo.pk).update(state=PhotoState.ERASED, title="Erased photo")
    assert not titles.rename(photo=seen, title="Anna")
    photo.refresh_from_db()
    assert photo.title == "Erased photo"


# --- The page -------------------------------------------------------------------------------
def test_the_page_does_the_same_few_queries_however_often_the_photo_was_restored(
    client: Client, photo: Photo, vendor: FakeVendor, bucket: None
):
    for model in catalog.MODELS.values():  # how long each usually takes is a query
        make_job(photo=photo, model=model)
    with CaptureQueriesContext(connection) as once:
        page(client, photo)
    for model in (catalog.GFPGAN, catalog.CODEFORMER, catalog.FLUX_KONTEXT) * 2:
        make_job(photo=photo, model=model)
    run("submit")
    make_job(photo=photo)  # whether what waits can be sent is a query
    with CaptureQueriesContext(connection) as often:
        page(client, photo)
    assert len(once) == len(often) <= PHOTO_QUERIES


def test_every_model_is_offered_with_its_exact_price_before_the_click(client: Client, photo: Photo):
    text = page(client, photo)
    assert "Restore for $0.0031" in text
    assert "Restore for $0.04" in text
    # CodeFormer: 64 × 48 px enlarged twice is 12,288 px of output, at $0.0021 a megapixel.
    assert "Restore for $0.000026" in text


def test_without_consent_nothing_can_be_ordered(client: Client, member: User):
    photo = make_photo(owner=member)
    assert "Give consent first" in page(client, photo)


def test_advice_warns_of_small_faces_before_the_click(client: Client, photo: Photo):
    photo.faces = [{"x": 1, "y": 1, "width": 20, "height": 20}]
    photo.save()
    assert "Smallest face 20 px: a restored face may not be the same person." in page(client, photo)


def test_the_date_in_the_file_is_shown_as_its_clock_had_it(client: Client, member: User):
    member.time_zone = "Asia/Tokyo"
    member.save()
    dated = make_photo(owner=member, taken="1962-06-03T14:00:00+01:00")
    facts = " ".join(page(client, dated).split())
    assert "Date in the file" in facts
    assert '<time datetime="1962-06-03T14:00:00+01:00">June 3, 1962, 2 p.m.</time>' in facts
    assert "Date in the file" not in page(client, make_photo(owner=member))


def test_the_originals_facts_are_its_size_its_day_its_faces_and_how_large_they_are(
    client: Client, photo: Photo
):
    Photo.objects.filter(pk=photo.pk).update(
        width_px=1500,
        height_px=1200,
        created_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        faces=[{"x": 1, "y": 1, "width": width, "height": width} for width in (210, 34)],
    )
    text = page(client, photo)
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text[text.index('id="facts"') :]))
    assert facts["Size"] == "1500 × 1200 px, 1.8 MP"
    assert facts["File"] == "PNG, 12.1\xa0KB"
    assert facts["Faces"] == "2 found (210 px, 34 px)"
    assert "Nov. 21, 2026" in facts["Uploaded"]
    Photo.objects.update(faces=[])
    assert "<dt>Faces</dt><dd>none found</dd>" in page(client, photo)


def test_the_sliders_ends_are_named(client: Client, photo: Photo):
    text = page(client, photo)
    slider = text[text.index('name="codeformer-codeformer_fidelity"') :]
    ends = slider[slider.index("field__ends") :]
    assert ends.index("←&nbsp;sharper, more invented") < ends.index("closer to the original&nbsp;→")


def test_a_photo_that_nobody_prepares_says_so_after_a_while(
    client: Client, member: User, settings: Any
):
    photo = make_photo(owner=member, state=PhotoState.UPLOADED)
    fresh = page(client, photo)
    assert ("a few seconds" in fresh, "longer than usual" in fresh) == (True, False)
    assert "every 40s" in fresh  # the page that stays open hears of it, too
    settings.PREPARED_WITHIN_SECONDS = 0
    late = page(client, photo)
    assert ("a few seconds" in late, "longer than usual" in late) == (False, True)
    assert "every 40s" not in late


def test_a_photo_that_could_not_be_read_says_why(client: Client, member: User):
    photo = make_photo(owner=member, state=PhotoState.UNREADABLE, note="It is damaged.")
    shown = page(client, photo)
    assert "It is damaged." in shown
    assert "Give consent" not in shown  # to what?
    make_consent(photo)
    assert "Withdraw consent" in page(client, photo)


# --- Consent --------------------------------------------------------------------------------
def say(client: Client, photo: Photo, **said: Any) -> Any:
    form = {
        "depicted": ["MYSELF"],
        "purpose_restore": "on",
        "purpose_pixazo": "on",
        **ConsentForm(notice=the_notice()).shown,
        **said,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("consent", args=[photo.pk]), sent)


def test_the_notice_is_shown_in_the_version_that_is_recorded(client: Client, member: User):
    photo, notice = make_photo(owner=member), the_notice()
    shown = client.get(reverse("consent", args=[photo.pk])).context["notice"]
    say(client, photo)
    assert Consent.objects.get().notice == notice
    assert shown.version == notice.version


def test_a_statement_is_recorded_with_the_bytes_it_is_about(client: Client, member: User):
    photo = make_photo(owner=member)
    response = say(client, photo, depicted=["MYSELF", "DECEASED"], keep_until="2999-01-01")
    consent = Consent.objects.get()
    assert response["Location"] == reverse("photo", args=[photo.pk])
    assert consent.status == ConsentStatus.GRANTED
    assert consent.depicted == ["MYSELF", "DECEASED"]
    assert (consent.given_by, consent.photo_sha256) == (member, photo.sha256)
    assert str(consent.keep_until) == "2999-01-01"
    session_key = client.session.session_key
    assert session_key
    assert session_key not in consent.session_fingerprint


def test_a_child_waits_for_a_reviewer_and_the_member_is_told(client: Client, member: User):
    photo = make_photo(owner=member)
    say(client, photo, depicted=["CHILD"], basis="My daughter, five years old")
    assert Consent.objects.get().status == ConsentStatus.PENDING_REVIEW
    assert "A reviewer will look at it before it is sent." in page(client, photo)


@pytest.mark.parametrize(
    "said", [{"depicted": None}, {"purpose_restore": None}, {"purpose_pixazo": None}]
)
def test_an_incomplete_statement_is_no_consent_and_keeps_the_form(
    client: Client, member: User, said: dict[str, Any]
):
    photo = make_photo(owner=member)
    response = say(client, photo, basis="In my own words", **said)
    assert response.status_code == 422
    assert "In my own words" in response.content.decode()
    assert not Consent.objects.exists()


def test_withdrawing_stops_the_jobs_returns_the_money_and_begins_to_erase(
    client: Client, photo: Photo, rings: list[str]
):
    job = make_job(photo=photo)
    response = client.post(reverse("withdraw", args=[photo.pk]), follow=True)
    assert response.redirect_chain == [(record_of(photo), 302)]
    assert "is withdrawn." in response.content.decode()
    photo.refresh_from_db()
    job.refresh_from_db()
    assert (photo.state, job.state) == (PhotoState.ERASING, JobState.CANCELLED)
    wallet = Wallet.objects.get(user=photo.owner)
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000, 0)
    assert rings == ["erase"]


@pytest.mark.parametrize(
    ("faces", "suggested"), [([], ["flux-kontext"]), ([210], ["gfpgan", "codeformer"])]
)
def test_what_suits_this_photo_is_marked_on_its_card_and_said_with_its_reason(
    client: Client, photo: Photo, faces: list[int], suggested: list[str]
):
    boxes = [{"x": 0, "y": 0, "width": width, "height": width} for width in faces]
    Photo.objects.filter(pk=photo.pk).update(faces=boxes)
    answer = client.get(reverse("photo", args=[photo.pk]))
    offers = answer.context["choice"].offers
    assert [offer.model.key for offer in offers if offer.is_suggested] == suggested
    text = answer.content.decode()
    assert text.count("Suggested for this photo") == len(suggested)
    for sentence in advice.for_photo(faces):
        assert sentence in text


def test_the_price_says_how_large_the_result_prints(client: Client, photo: Photo):
    Photo.objects.filter(pk=photo.pk).update(width_px=1500, height_px=1200)
    text = client.get(reverse("photo", args=[photo.pk])).content.decode()
    assert "Prints 25.4 × 20.3 cm (10.0 × 8.0 in) at 300 dpi." in text
