"""steps.leave: an account is closed whole; what proves money and consent stays and names nobody."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts import books, corrections, leaving, ledger, letters, members
from accounts.models import Letter, MemberSession, TopUp, TopUpState, Transfer, User
from accounts.payments import top_ups
from jobs import storage
from jobs.models import Consent, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.steps import intake, leave, order
from tests.builders import make_consent, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor, png
from tests.racing import at_once
from tests.staff import client_of, make_clerk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]
NAME = "Anna Maria Heirloom"
EMAIL = "anna.maria@heirloom.example"


def everything(**fields: Any) -> User:
    """A member with something of every kind."""
    member = make_member(email=EMAIL, name=NAME, **fields)
    EmailAddress.objects.create(user=member, email=f"second.{EMAIL}")
    Authenticator.objects.create(user=member, type="totp", data={"secret": "x"})
    letters.write(to=member, kind="low_balance", key="k", context={"available_micros": 1})
    photo = make_photo(owner=member, title="Anna's title")
    storage.put(photo.original_key, io.BytesIO(png()), content_type="image/png")
    make_job(photo=photo)
    client_of(member)
    return member


def close(member: User) -> None:
    leave.leave(member=member, gives_up_micros=leave.would_be_left(member))


def test_nothing_says_any_more_who_it_was(vendor: FakeVendor):
    member = everything(time_zone="Europe/Berlin", language="de")
    close(member)
    leaving.end_sessions(member)
    run("erase")
    member.refresh_from_db()
    assert member.email.endswith("@heirloom.invalid")
    assert (member.name, member.is_active, member.has_usable_password()) == ("", False, False)
    assert (member.time_zone, member.language) == ("", "")
    assert member.left_at is not None
    for rows in (EmailAddress, Authenticator, Letter, MemberSession):
        assert rows.objects.count() == 0
    assert storage.keys_under("photos/") == []
    assert rows_that_mention("anna") == []


def rows_that_mention(words: str) -> list[str]:
    """The tables of the whole database in which the words stand."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            if any(words in str(value).lower() for row in cursor.fetchall() for value in row):
                found.append(table)
    return found


def test_money_and_statements_stay_under_a_number(vendor: FakeVendor):
    member = everything()
    movements = Transfer.objects.filter(wallet__user=member).count()
    close(member)
    assert Transfer.objects.filter(wallet__user=member).count() == movements + 2
    given = Consent.objects.get(given_by=member)
    event = given.events.last()
    assert event is not None
    assert (given.status, event.why) == ("WITHDRAWN", "the account was closed")
    assert books.lies() == []


def test_what_is_under_way_ends_uncharged_and_the_balance_is_given_up(vendor: FakeVendor):
    member = make_member()
    sent = make_job(photo=make_photo(owner=member))
    run("submit")
    waiting = make_job(photo=make_photo(owner=member))
    assert leave.would_be_left(member) == 1_000_000
    close(member)
    for job in (sent, waiting):
        job.refresh_from_db()
        assert (job.state, job.failure_code) == (JobState.CANCELLED, "left")
    wallet = ledger.wallet_of(member)
    assert (wallet.available_micros, wallet.held_micros) == (0, 0)
    last = Transfer.objects.filter(wallet=wallet).latest("pk")
    assert (last.kind, last.amount_micros, last.actor) == ("DEBIT", 1_000_000, member)
    assert books.lies() == []


def test_what_was_charged_and_not_delivered_counts_too(vendor: FakeVendor):
    member = make_member()
    job = make_job(photo=make_photo(owner=member))
    run("submit")
    vendor.finish("COMPLETED")
    RestorationJob.objects.update(due_at=timezone.now())
    run("observe")
    job.refresh_from_db()
    assert job.state == JobState.COMPLETED
    assert leave.would_be_left(member) == 1_000_000
    close(member)
    assert books.lies() == []


def test_no_more_is_given_up_than_was_agreed_to_and_nothing_has_happened_then():
    member = everything()
    with pytest.raises(leave.MoneyLeft) as problem:
        leave.leave(member=member, gives_up_micros=999_999)
    assert problem.value.available_micros == 1_000_000
    member.refresh_from_db()
    assert (member.email, member.left_at) == (EMAIL, None)
    assert Photo.objects.get().state == PhotoState.PREPARED
    assert RestorationJob.objects.get().state == JobState.READY
    assert Letter.objects.count() == 1


def test_nobody_is_written_to_afterwards(vendor: FakeVendor):
    member = everything()
    failed = make_job(photo=make_photo(owner=member))
    order.cancel(job=failed, by=member)
    close(member)
    letters.write(to=member, kind="low_balance", key="later", context={"available_micros": 1})
    for step in ("tell", "send"):
        run(step)
    assert mail.outbox == []


def test_the_address_is_free_again():
    close(everything())
    assert make_member(email=EMAIL).pk


def test_a_second_time_is_told_so():
    member = make_member(micros=0)
    close(member)
    with pytest.raises(leave.CannotLeave, match="has been closed"):
        close(member)


# --- What stands in the way -------------------------------------------------------------------
def test_staff_stay_in_their_own_name():
    clerk = make_clerk()
    with pytest.raises(leave.CannotLeave, match="staff account"):
        close(clerk)


def test_a_correction_that_waits_is_awaited():
    member = make_member()
    ask: dict[str, Any] = {"kind": "CREDIT", "member": member, "hold": None, "reason": "A gift"}
    corrections.ask(form_id=uuid.uuid4(), amount_micros=30_000_000, by=make_clerk(), **ask)
    with pytest.raises(leave.CannotLeave, match="about to correct"):
        close(member)


def test_a_payment_that_was_begun_is_awaited():
    member = make_member()
    TopUp.objects.create(member=member, amount_micros=5_000_000)
    with pytest.raises(leave.CannotLeave, match="begun and not ended"):
        close(member)
    TopUp.objects.update(state=TopUpState.EXPIRED, session_url="https://cards.test/anna")
    close(member)
    assert TopUp.objects.get().session_url == ""


@pytest.mark.parametrize(
    ("type", "status", "open"),
    [
        ("charge.dispute.created", "needs_response", True),
        ("charge.dispute.closed", "lost", False),
        ("charge.dispute.closed", "won", False),
    ],
)
def test_an_open_dispute_is_awaited_and_a_lost_one_is_not(type: str, status: str, open: bool):
    member = make_member()
    top_up = TopUp.objects.create(
        member=member, amount_micros=5_000_000, state=TopUpState.FAILED, disputed=True
    )
    about = {"id": "dp_1", "amount": 500, "currency": "usd", "status": status}
    body = json.dumps({"type": type, "data": {"object": about}})
    top_up.events.create(event_id="evt_1", type=type, body=body, verdict="APPLIED")
    assert bool(leaving.obstacles(member)) == open


# --- At once ----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_an_order_and_the_end_at_once_nothing_is_left_under_way():
    for _ in range(4):
        member = make_member()
        photos = [make_photo(owner=member) for _ in range(2)]
        for photo in photos:
            make_consent(photo)

        def act(number: int, member: User = member, photos: list[Photo] = photos) -> str:
            try:
                if number:
                    make_job(photo=photos[number - 1])
                else:
                    leave.leave(member=member, gives_up_micros=1_000_000)
            except order.CannotOrder as problem:
                return str(problem)
            return ""

        at_once(3, act)
        assert not RestorationJob.objects.for_member(member).unfinished().exists()
        assert set(member.photos.values_list("state", flat=True)) == {PhotoState.ERASING}
        assert ledger.wallet_of(member).held_micros == 0
        member.refresh_from_db()
        assert member.left_at is not None
    assert books.lies() == []


@pytest.mark.django_db(transaction=True)
def test_of_an_upload_and_the_end_at_once_no_photo_is_left_behind():
    for _ in range(4):
        member = make_member(micros=0)

        def act(number: int, member: User = member) -> None:
            if number == 0:
                close(member)
                return
            try:
                data = io.BytesIO(png())
                intake.receive(owner=member, file=data, name="x.png", byte_size=len(png()))
            except intake.Refused:
                pass

        at_once(3, act)
        assert not member.photos.with_pictures().exists()
        run("erase")
        assert storage.keys_under("photos/") == []


def test_who_has_left_begins_nothing_more():
    member = make_member(micros=0)
    close(member)
    assert members.locked(member) is None
    with pytest.raises(intake.Refused):
        intake.receive(owner=member, file=io.BytesIO(png()), name="x.png", byte_size=len(png()))
    assert storage.keys_under("photos/") == []
    with pytest.raises(top_ups.CannotTopUp):
        top_ups.begin(member=member, amount_micros=5_000_000, form_id=uuid.uuid4())


def test_only_their_own_sessions_end_and_no_other_is_opened(monkeypatch: pytest.MonkeyPatch):
    leaver, other = make_member(), make_member()
    first, second, stays = client_of(leaver), client_of(leaver), client_of(other)
    monkeypatch.setattr(MemberSession, "get_decoded", lambda session: pytest.fail("opened"))
    assert leaving.end_sessions(leaver) == 2
    assert [one.get(reverse("wallet")).status_code for one in (first, second, stays)] == [
        302,
        302,
        200,
    ]
