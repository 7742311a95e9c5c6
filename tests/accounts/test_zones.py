"""In which zone somebody reads times: their browser's, then their own choice; staff's is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts import ledger, zones
from accounts.models import User
from jobs.models import Photo
from tests.builders import make_consent, make_member, make_photo
from tests.staff import client_of, make_clerk

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # in Berlin it is half past midnight


@pytest.fixture
def berliner(client: Client) -> User:
    member = make_member(time_zone="Europe/Berlin")
    client.force_login(member)
    return member


def photo_of(member: User) -> Photo:
    with time_machine.travel(EVENING, tick=False):
        photo = make_photo(owner=member)
        make_consent(photo)
    return photo


def text(client: Client, name: str, *args: Any) -> str:
    return client.get(reverse(name, args=args)).content.decode()


# --- Names ------------------------------------------------------------------------------------
def test_a_name_is_a_zone_of_the_database_or_utc():
    assert zones.zone("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    for strange in ("", "Mars/Olympus", "../../etc/passwd", "localtime"):
        assert zones.zone(strange) is UTC
    with pytest.raises(ValidationError):
        User(email="a@b.example", time_zone="Mars/Olympus").full_clean(exclude=["password"])


def test_places_are_offered_and_old_names_are_understood():
    offered = dict(zones.choices())
    assert offered["America/New_York"] == "America/New York"
    assert "US/Eastern" not in offered
    assert "US/Eastern" in zones.known()


# --- Where it is learned ----------------------------------------------------------------------
def sign_up(client: Client, **more: str) -> User:
    password = "a-good-password-for-1"
    said = {"email": "new@family.example", "password1": password, "password2": password}
    client.post(reverse("account_signup"), {**said, **more})
    return User.objects.get(email="new@family.example")


def test_the_browsers_zone_comes_with_signing_up(client: Client):
    assert 'name="time_zone"' in text(client, "account_signup")
    assert sign_up(client, time_zone="Asia/Tokyo").time_zone == "Asia/Tokyo"


@pytest.mark.parametrize("said", ["", "Mars/Olympus", "x" * 500])
def test_what_is_no_zone_is_not_learned_and_stops_nobody(client: Client, said: str):
    assert sign_up(client, time_zone=said).time_zone == ""


def sign_in(client: Client, member: User, time_zone: str) -> str:
    said = {"login": member.email, "password": "a-good-password", "time_zone": time_zone}
    assert client.post(reverse("account_login"), said).status_code == 302
    member.refresh_from_db()
    return member.time_zone


def test_signing_in_tells_it_to_an_account_that_has_none_and_overrules_no_choice(client: Client):
    member = make_member()
    assert 'name="time_zone"' in text(client, "account_login")
    assert sign_in(client, member, "Asia/Tokyo") == "Asia/Tokyo"
    assert sign_in(Client(), member, "Europe/Berlin") == "Asia/Tokyo"


# --- Where it is chosen -----------------------------------------------------------------------
def test_a_member_chooses_another(client: Client, berliner: User):
    address = reverse("time_zone")
    assert "Your pages show times in Europe/Berlin." in text(client, "time_zone")
    client.post(address, {"time_zone": "Asia/Tokyo"})
    berliner.refresh_from_db()
    assert berliner.time_zone == "Asia/Tokyo"
    refused = client.post(address, {"time_zone": "Mars/Olympus"})
    assert refused.status_code == 422
    berliner.refresh_from_db()
    assert berliner.time_zone == "Asia/Tokyo"


def test_an_old_name_that_a_browser_said_is_kept_when_the_form_is_saved(client: Client):
    member = make_member(time_zone="US/Eastern")
    client.force_login(member)
    assert '<option value="US/Eastern" selected>' in text(client, "time_zone")


# --- Where it shows ---------------------------------------------------------------------------
def test_times_on_a_members_pages_are_theirs_and_the_page_says_which(
    client: Client, berliner: User
):
    photo = photo_of(berliner)
    page = text(client, "photo", photo.pk)
    assert "Nov. 21, 2026, 12:30 a.m." in page
    assert re.search(r"Times are in\s+<a [^>]*>Europe/Berlin</a>", page)
    assert "Said on Nov. 21, 2026, 12:30 a.m. (Europe/Berlin)" in text(client, "consents")
    record = text(client, "consent_record", photo.pk)
    assert "like all times here in Europe/Berlin" in record
    assert "UTC" not in record


def test_one_request_does_not_leave_its_zone_to_the_next(client: Client, berliner: User):
    photo_of(berliner)
    text(client, "consents")
    other = make_member()
    photo_of(other)
    assert "Nov. 20, 2026, 11:30 p.m. (UTC)" in text(client_of(other), "consents")


def test_a_months_statement_keeps_to_utc_and_says_so(client: Client, berliner: User):
    """A statement once printed stays true, wherever its member moves."""
    with time_machine.travel(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), tick=False):
        ledger.top_up(user=berliner, amount_micros=1_000_000, key="late")
    month = text(client, "wallet_month", 2026, 11)
    assert "Nov. 30, 2026, 11:30 p.m." in month
    assert "like all times here in UTC" in month
    assert "Dec. 1, 2026, 12:30 a.m." in text(client, "wallet")


def test_staffs_pages_are_in_utc_whoever_looks():
    clerk = make_clerk(email="zoe@heirloom.example")
    User.objects.filter(pk=clerk.pk).update(time_zone="Asia/Tokyo")
    member = make_member()
    with time_machine.travel(EVENING, tick=False):
        ledger.top_up(user=member, amount_micros=1_000_000, key="evening")
    page = text(client_of(clerk), "desk_transfers", member.pk)
    assert "2026-11-20 23:30" in page
    assert "Asia/Tokyo" not in page
