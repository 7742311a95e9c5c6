"""The pages of what a member holds against us: the download of everything, and the end."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any, ClassVar

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs import places
from jobs.models import Photo, PhotoState
from jobs.steps import export, leave
from jobs.turns import Turn
from jobs.views import downloads
from tests.builders import make_consent, make_job, make_member, make_photo
from tests.staff import client_of, make_clerk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


class Kept(Turn):
    """Turns in a set instead of Redis."""

    held: ClassVar[set[str]] = set()

    def __init__(self, name: str, *, seconds: int) -> None:
        self.name = name

    def begin(self) -> bool:
        if self.name in self.held:
            return False
        self.held.add(self.name)
        return True

    def renew(self) -> None:
        assert self.name in self.held

    def end(self) -> None:
        self.held.discard(self.name)


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr("jobs.views.downloads.Turn", Kept)
    Kept.held = set()
    return Kept.held


def download(client: Client) -> Any:
    return client.get(reverse("data_download"))


# --- Everything -------------------------------------------------------------------------------
def test_the_zip_is_streamed_under_its_name_and_the_turn_given_back(held: set[str]):
    photo = make_photo()
    make_consent(photo)
    answer = download(client_of(photo.owner))
    assert answer.streaming
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="heirloom-data-20')
    assert answer["Cache-Control"] == "private, no-store"
    assert held == {f"export:{photo.owner_id}", "export-slot:0"}
    data = answer.getvalue()
    assert held == set()
    assert "README.txt" in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_one_at_a_time_for_a_member_and_a_few_for_the_house(held: set[str], settings: Any):
    settings.EXPORTS_AT_ONCE = 1
    client, other = client_of(make_member()), client_of(make_member())
    first = download(client)
    assert download(client).status_code == 302
    assert download(other).status_code == 302
    assert first.getvalue()
    assert download(other).getvalue()


def test_a_download_that_was_never_begun_gives_its_turn_back(held: set[str]):
    turn = Kept("export:1", seconds=1)
    assert turn.begin()
    member = make_member()
    downloads.Download(
        lambda go_on: export.stream(member, go_on=go_on), [turn], places.Place()
    ).close()  # as the server does when the line breaks
    assert held == set()


def test_a_download_waits_for_the_store_in_a_place_of_the_webs_and_gives_it_back(
    monkeypatch: pytest.MonkeyPatch, held: set[str]
):
    monkeypatch.setattr(places, "STORE", threading.BoundedSemaphore(1))
    client = client_of(make_member())
    with places.Place():
        assert download(client).url == reverse("data")
        assert held == set()
    first = download(client)
    with pytest.raises(places.AllTaken):
        places.Place()
    assert first.getvalue()
    places.Place().leave()


def test_a_download_for_which_the_house_has_no_slot_keeps_no_place(
    monkeypatch: pytest.MonkeyPatch, settings: Any
):
    settings.EXPORTS_AT_ONCE = 0
    monkeypatch.setattr(places, "STORE", threading.BoundedSemaphore(1))
    assert download(client_of(make_member())).url == reverse("data")
    places.Place().leave()


def test_a_download_that_breaks_off_lets_go_of_what_it_was_reading():
    photo = make_photo()
    answer = downloads.Download(
        lambda go_on: export.stream(photo.owner, go_on=go_on), [], places.Place()
    )
    next(answer)
    answer.close()
    assert list(answer) == []


def test_the_page_says_what_is_in_it():
    photo = make_photo()
    make_job(photo=photo)
    page = client_of(photo.owner).get(reverse("data")).content.decode()
    for words in ("1 photo,", "1 restoration:", "1 consent", "2 movements of money"):
        assert words in page


def test_looking_ahead_takes_no_turn(held: set[str]):
    assert client_of(make_member()).head(reverse("data_download")).status_code == 405
    assert held == set()


@pytest.mark.parametrize("name", ["data", "data_download", "account_delete"])
def test_whoever_is_not_signed_in_is_asked_to(name: str, client: Client):
    assert "/accounts/login/" in client.get(reverse(name))["Location"]


# --- The end ----------------------------------------------------------------------------------
def fresh(client: Client) -> None:
    """The password once more."""
    answer = client.post(
        reverse("account_reauthenticate"), {"password": "a-good-password"}, follow=False
    )
    assert answer.status_code == 302


def tick(client: Client, **more: Any) -> Any:
    page = client.get(reverse("account_delete"))
    shown = page.context["form"]["shown_micros"].value()
    return client.post(
        reverse("account_delete"), {"understood": "on", "shown_micros": shown, **more}
    )


def is_here(member: User) -> bool:
    return User.objects.get(pk=member.pk).left_at is None


def test_the_end_with_a_fresh_sign_in_and_both_ticks():
    photo = make_photo()
    make_consent(photo)
    client = client_of(photo.owner)
    fresh(client)
    answer = tick(client, give_up="on")
    assert answer["Location"] == reverse("account_left")
    assert not is_here(photo.owner)
    assert Photo.objects.get().state == PhotoState.ERASING
    assert client.get(reverse("gallery")).status_code == 302
    assert "Your account is closed" in client.get(reverse("account_left")).content.decode()


def test_without_a_fresh_sign_in_the_password_is_asked_for_and_then_it_is_done():
    member = make_member(micros=0)
    client = client_of(member)
    answer = tick(client)
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert is_here(member)
    assert client.post(answer["Location"], {"password": "wrong"}).status_code == 200
    assert is_here(member)
    done = client.post(answer["Location"], {"password": "a-good-password"})
    assert done["Location"] == reverse("account_left")
    assert not is_here(member)
    assert client.get(reverse("gallery")).status_code == 302


@pytest.mark.parametrize(
    "said", [{"understood": "", "give_up": "on"}, {"give_up": ""}, {"shown_micros": "5"}]
)
def test_nothing_is_ticked_beforehand_and_all_of_it_is_needed(said: dict[str, str]):
    member = make_member()
    client = client_of(member)
    fresh(client)
    page = client.get(reverse("account_delete")).content.decode()
    assert "checked" not in page
    assert "I give up the $1.00 in my wallet." in page
    assert tick(client, **{"give_up": "on", **said}).status_code == 422
    assert is_here(member)


def test_money_that_came_meanwhile_is_asked_about_anew(monkeypatch: pytest.MonkeyPatch):
    member = make_member()
    client = client_of(member)
    fresh(client)

    def more_came(**_: Any) -> None:
        raise leave.MoneyLeft(2_000_000)

    monkeypatch.setattr(leave, "leave", more_came)
    page = tick(client, give_up="on").content.decode()
    assert "Your wallet has changed." in page
    assert "I give up the $2.00 in my wallet." in page


def test_what_stands_in_the_way_is_said_and_there_is_no_button():
    clerk = make_clerk()
    client = client_of(clerk)
    fresh(client)
    page = client.get(reverse("account_delete")).content.decode()
    assert "This is a staff account" in page
    assert "Close my account" not in page
    tick(client)
    assert is_here(clerk)


def test_an_empty_wallet_asks_for_no_second_tick():
    client = client_of(make_member(micros=0))
    page = client.get(reverse("account_delete")).content.decode()
    assert "I give up" not in page
