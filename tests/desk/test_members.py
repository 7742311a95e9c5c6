"""The look-up: from whatever a member wrote to one page that says why they were charged."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit, corrections, ledger
from accounts.models import AuditEntry, CardEvent, TopUp, Transfer, TransferKind, User
from desk import lookup
from jobs.models import Attempt, RestorationJob
from jobs.states import JobState
from jobs.steps import consent as consent_step
from jobs.steps import order
from tests.builders import make_consent, make_job, make_member, make_photo, run
from tests.fakes import FakeVendor
from tests.staff import client_of, queries

pytestmark = pytest.mark.django_db

NO_JOB = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def maria() -> User:
    return make_member(email="maria@heirloom.example", name="Maria Member", micros=100_000_000)


def find(client: Client, term: str) -> Any:
    return client.get(reverse("desk_members"), {"q": term})


def page_of(client: Client, member: User, **query: str) -> str:
    answer = client.get(reverse("desk_member", args=[member.pk]), query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", str(answer.content.decode()))


def job_of(member: User) -> RestorationJob:
    return make_job(photo=make_photo(owner=member))


def captured(job: RestorationJob) -> RestorationJob:
    assert job.hold is not None
    ledger.capture(hold=job.hold, amount_micros=job.quoted_micros, key=f"capture:{job.pk}")
    return job


# --- Finding ----------------------------------------------------------------------------------
@pytest.mark.parametrize("term", ["aria@heir", "Maria", "member", "MARIA"])
def test_a_part_of_an_address_or_a_name_lists_the_members(billing: Client, maria: User, term: str):
    page = find(billing, term)
    assert page.status_code == 200
    assert reverse("desk_member", args=[maria.pk]) in page.content.decode()


def test_everything_with_a_number_leads_straight_to_its_member(
    billing: Client, ben: User, maria: User, vendor: FakeVendor
):
    job = job_of(maria)
    run("submit")
    hold, attempt = job.hold, Attempt.objects.get(job=job)
    assert hold is not None
    assert attempt.request_id
    top_up = TopUp.objects.create(member=maria, amount_micros=5_000_000)
    correction = corrections.ask(
        form_id=uuid.uuid4(),
        kind="CREDIT",
        member=maria,
        hold=None,
        amount_micros=1,
        reason="Lost",
        by=ben,
    )
    person = reverse("desk_member", args=[maria.pk])
    for term, where in (
        ("maria@heirloom.example", person),
        (" Maria@Heirloom.example ", person),
        (str(job.pk), f"{person}?job={job.pk}#job-{job.pk}"),
        (attempt.request_id, f"{person}?job={job.pk}#job-{job.pk}"),
        (str(hold.pk), f"{person}?transfer={hold.pk}#transfer-{hold.pk}"),
        (f"#{hold.pk}", f"{person}?transfer={hold.pk}#transfer-{hold.pk}"),
        (str(top_up.pk), f"{person}#top-ups"),
        (str(correction.pk), f"{person}#corrections"),
    ):
        answer = find(billing, term)
        assert (answer.status_code, answer.get("Location")) == (302, where), term


@pytest.mark.parametrize(
    "term", ["cs_test_a1", "pi_3B", "evt_9", "ch_3Abc", "re_3Abc", "dp_1X", "du_1X", " pi_3B "]
)
def test_the_card_processors_numbers_lead_to_the_member_and_are_no_secret(
    billing: Client, maria: User, term: str
):
    others = TopUp.objects.create(
        member=make_member(), amount_micros=5_000_000, session_id="cs_test_a10", payment_intent="pi"
    )
    mine = TopUp.objects.create(
        member=maria, amount_micros=5_000_000, session_id="cs_test_a1", payment_intent="pi_3B"
    )
    said = {"type": "charge.refunded", "verdict": "APPLIED"}
    told = '{"id":"ch_3Abc","refunds":["re_3Abc"], "dispute": "dp_1X", "other": "du_1X"}'
    CardEvent.objects.create(event_id="evt_9", top_up=mine, body=told, **said)
    for number, body in enumerate((told.upper().replace("ID", "id"), told.replace('"}', '0"}'))):
        CardEvent.objects.create(event_id=f"evt_9{number}", top_up=None, body=body, **said)
    mixed = told.replace("3Abc", "3abc").replace("1X", "1x")
    CardEvent.objects.create(event_id="evt_99", top_up=others, body=mixed, **said)
    answer = find(billing, term)
    assert answer.get("Location") == f"{reverse('desk_member', args=[maria.pk])}#top-ups"
    entry = AuditEntry.objects.filter(action="page").first()
    assert entry is not None
    assert (entry.member, entry.subject) == (maria, f"top-up {mine.pk}")
    assert f"q={term}" in entry.what


@pytest.mark.parametrize("term", ["maria@heirloom.example", "maria@", "Who is @nobody.example?"])
def test_the_trail_keeps_no_address_that_was_searched_for(billing: Client, maria: User, term: str):
    find(billing, term)
    entry = AuditEntry.objects.filter(action="page").first()
    assert entry is not None
    assert "(an address)" in entry.what
    assert "maria" not in entry.what
    assert "nobody" not in entry.what


@pytest.mark.parametrize("term", ["ch_", "ch_3", "re_%", "dp_none", 'ch_3Abc"', "cs_none"])
def test_a_number_that_no_payment_has_finds_nobody(billing: Client, maria: User, term: str):
    top_up = TopUp.objects.create(member=maria, amount_micros=5_000_000)
    CardEvent.objects.create(
        event_id="evt_1", type="x", verdict="NOTHING", top_up=top_up, body='{"id":"ch_3Abc"}'
    )
    page = find(billing, term)
    assert page.status_code == 200
    assert maria.email not in page.content.decode()


@pytest.mark.parametrize("term", ["nobody", "9" * 30, "0", "²", NO_JOB, "x" * 201, "%"])
def test_what_names_nobody_finds_nobody(billing: Client, maria: User, term: str):
    page = find(billing, term)
    assert page.status_code == 200
    assert maria.email not in page.content.decode()


def test_a_member_who_does_not_exist_is_not_found(billing: Client):
    for key in (999_999, 2**70):
        for name in ("desk_member", "desk_transfers"):
            assert billing.get(reverse(name, args=[key])).status_code == 404


# --- Why was I charged? -------------------------------------------------------------------------
def test_each_charge_leads_to_its_job_and_back_with_the_arithmetic(
    billing: Client, maria: User, vendor: FakeVendor
):
    job = job_of(maria)
    run("submit")
    captured(job)
    page = page_of(billing, maria)
    charge = Transfer.objects.get(kind=TransferKind.CAPTURE)
    row = page[page.index(f'id="transfer-{charge.pk}"') :].partition("</tr>")[0]
    assert f'href="#job-{job.pk}"' in row
    told = page[page.index(f'id="job-{job.pk}"') :].partition("</article>")[0]
    assert f'href="#transfer-{charge.pk}"' in told
    for words in (
        "$0.0031 was charged.",
        job.quote_explanation,
        "Attempt 1, pixazo: Accepted",
        "ordered ",
        str(job.pk),
    ):
        assert words in told


def test_the_money_of_a_job_is_one_sentence(billing: Client, maria: User, rings: list[str]):
    waits, cancelled, paid, part, back = (job_of(maria) for _ in range(5))
    order.cancel(job=cancelled, by=maria)
    for job in (paid, part, back):
        captured(job)
    for job, micros in ((part, 1_000), (back, 3_100)):
        assert job.hold is not None
        ledger.refund(hold=job.hold, amount_micros=micros, key=f"refund:{job.pk}", reason="Smaller")
    page = page_of(billing, maria)
    for job, words in (
        (waits, "$0.0031 is set aside; it is charged only for a result."),
        (cancelled, "$0.0031 was set aside and returned: nothing was charged."),
        (paid, "$0.0031 was charged."),
        (part, "$0.0031 was charged and $0.001 refunded: the member paid $0.0021."),
        (back, "$0.0031 was charged and all of it refunded."),
    ):
        told = page[page.index(f'id="job-{job.pk}"') :].partition("</article>")[0]
        assert words in told
        left = job in (paid, part)
        assert (reverse("desk_refund", args=[job.hold_id]) in told) == left


def test_an_old_charge_is_shown_with_its_job_when_it_is_asked_for(
    billing: Client, maria: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lookup, "NEWEST", 2)
    old = job_of(maria)
    RestorationJob.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    captured(old)
    for _ in range(3):
        captured(job_of(maria))
    page = page_of(billing, maria)
    assert f'id="job-{old.pk}"' not in page
    charge = Transfer.objects.get(kind=TransferKind.CAPTURE, reference=str(old.pk))
    for query in ({"transfer": str(charge.pk)}, {"job": str(old.pk)}):
        assert f'id="job-{old.pk}"' in page_of(billing, maria, **query)
    assert f'id="transfer-{charge.pk}"' in page_of(billing, maria, transfer=str(charge.pk))


@pytest.mark.parametrize(
    "query", [{"job": "x"}, {"transfer": "-1"}, {"transfer": "9" * 25}, {"job": NO_JOB}]
)
def test_an_odd_question_shows_the_newest(billing: Client, maria: User, query: dict[str, str]):
    assert f'id="job-{job_of(maria).pk}"' in page_of(billing, maria, **query)


def test_another_members_job_or_transfer_is_not_shown(billing: Client, maria: User):
    job = job_of(make_member())
    page = page_of(billing, maria, job=str(job.pk), transfer=str(job.hold_id))
    assert str(job.pk) not in page.replace(f"job={job.pk}", "")


def test_payments_corrections_consents_and_the_trail_are_on_the_page(
    billing: Client, ben: User, maria: User
):
    top_up = TopUp.objects.create(member=maria, amount_micros=5_000_000, disputed=True)
    CardEvent.objects.create(
        event_id="evt_1", type="charge.dispute.created", top_up=top_up, body="{}", verdict="APPLIED"
    )
    photo = make_photo(owner=maria, title="Gran at the sea")
    make_consent(photo)
    consent_step.withdraw(photo=photo, by=maria)
    corrections.ask(
        form_id=uuid.uuid4(),
        kind="CREDIT",
        member=maria,
        hold=None,
        amount_micros=25_000_000,
        reason="Twice charged",
        by=ben,
    )
    audit.record(actor=ben, action="picture", what="Something that was seen", member=maria)
    page = page_of(billing, maria)
    for words in (
        "charge.dispute.created: Moved money or the payment",
        "Disputed",
        "Gran at the sea",
        "Withdrawn, maria@heirloom.example: <bdi>withdrawn by the member</bdi>",
        "Twice charged",
        "Waits for a second person",
        "Something that was seen",
    ):
        assert words in page


def test_neither_a_picture_nor_the_vendors_number_nor_who_is_depicted_is_on_the_page(
    billing: Client, maria: User, vendor: FakeVendor
):
    photo = make_photo(owner=maria)
    make_consent(photo, depicted=("DECEASED",))
    job = make_job(photo=photo)
    run("submit")
    page = page_of(billing, maria)
    main = page[page.index("<main") : page.index("</main>")]
    assert "<img" not in main
    request_id = Attempt.objects.get(job=job).request_id
    assert request_id
    for secret in (
        request_id,
        photo.sha256,
        photo.preview_key,
        "relative who has died",
        "I say so",
    ):
        assert secret not in page


def test_a_clerk_who_may_not_correct_sees_no_button_for_it(ben: User, maria: User):
    looker = make_member(is_staff=True)
    looker.user_permissions.add(
        *ben.groups.get().permissions.exclude(codename__in=["correct_money", "view_auditentry"])
    )
    captured(job_of(maria))
    page = page_of(client_of(looker), maria)
    for words in (">Refund<", "Adjust the balance", "Audit trail"):
        assert words not in page


def test_nobody_is_offered_to_correct_their_own_wallet(billing: Client, ben: User):
    ledger.top_up(user=ben, amount_micros=1_000_000, key="start")
    captured(job_of(ben))
    page = page_of(billing, ben)
    assert ">Refund<" not in page
    assert "Adjust the balance" not in page


def test_all_movements_are_there_a_page_at_a_time_and_by_kind(
    billing: Client, maria: User, monkeypatch: pytest.MonkeyPatch
):
    from desk.views import members

    monkeypatch.setattr(members, "TRANSFERS_ON_A_PAGE", 2)
    for _ in range(4):
        job_of(maria)
    where, seen = reverse("desk_transfers", args=[maria.pk]), []
    query: dict[str, str] = {}
    while True:
        context = billing.get(where, query).context
        seen += [one.pk for one in context["transfers"]]
        if context["older"] is None:
            break
        query = {"upto": str(context["older"])}
    mine = Transfer.objects.filter(wallet__user=maria)
    assert seen == list(mine.order_by("-pk").values_list("pk", flat=True))
    only = billing.get(where, {"kind": "TOP_UP"}).context["transfers"]
    assert [one.kind for one in only] == ["TOP_UP"]


def test_the_page_does_a_fixed_number_of_queries(
    billing: Client, ben: User, maria: User, vendor: FakeVendor, rings: list[str]
):
    def one_more_of_each() -> None:
        job = job_of(maria)
        run("submit")
        captured(job)
        assert job.hold is not None
        corrections.ask(
            form_id=uuid.uuid4(),
            kind="REFUND",
            member=maria,
            hold=job.hold,
            amount_micros=1_000,
            reason="Smaller",
            by=ben,
        )
        order.cancel(job=job_of(maria), by=maria)
        top_up = TopUp.objects.create(member=maria, amount_micros=5_000_000)
        CardEvent.objects.create(
            event_id=str(top_up.pk), type="x", top_up=top_up, body="{}", verdict="NOTHING"
        )

    one_more_of_each()
    where = reverse("desk_member", args=[maria.pk])
    counted = queries(billing, where)
    for _ in range(3):
        one_more_of_each()
    assert queries(billing, where) == counted
    assert counted <= 32
    assert RestorationJob.objects.filter(state=JobState.CANCELLED).count() == 4
