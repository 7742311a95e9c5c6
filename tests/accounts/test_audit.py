"""The audit trail: what staff do and see is written down, first, and never changed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEntry, User
from jobs.models import Consent, ConsentStatus
from tests.builders import decide, make_consent, make_member, make_photo
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_staff

pytestmark = pytest.mark.django_db


def entries(**fields: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**fields).order_by("pk"))


def the_entry(**fields: Any) -> AuditEntry:
    (entry,) = entries(**fields)
    return entry


@pytest.fixture
def root() -> User:
    return make_staff(is_superuser=True, email="ada@heirloom.example")


# --- Written once -------------------------------------------------------------------------------
@pytest.fixture
def entry(ben: User) -> AuditEntry:
    return audit.record(actor=ben, action="price.publish", what="A price")


@pytest.mark.parametrize("verb", ["save", "update", "bulk_update", "delete", "delete all"])
def test_the_orm_can_neither_change_nor_delete_an_entry(entry: AuditEntry, verb: str):
    entry.what = "Nothing at all"
    acts: dict[str, Callable[[], Any]] = {
        "save": entry.save,
        "update": lambda: AuditEntry.objects.update(what="Nothing"),
        "bulk_update": lambda: AuditEntry.objects.bulk_update([entry], ["what"]),
        "delete": entry.delete,
        "delete all": lambda: AuditEntry.objects.all().delete(),
    }
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        acts[verb]()
    assert the_entry().what == "A price"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET what = 'Nothing'",
        "UPDATE accounts_auditentry SET actor_id = NULL",
        "DELETE FROM accounts_auditentry",
    ],
)
@pytest.mark.usefixtures("entry")
def test_neither_can_raw_sql(statement: str):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert the_entry().what == "A price"


def test_neither_can_an_administrator(entry: AuditEntry, root: User):
    client = client_of(root)
    name = "admin:accounts_auditentry"
    for page in ("change", "delete"):
        path = reverse(f"{name}_{page}", args=[entry.pk])
        assert client.post(path, {"what": "Nothing", "post": "yes"}).status_code == 403
    assert client.post(reverse(f"{name}_add"), {"what": "Made up"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    client.post(reverse(f"{name}_changelist"), chosen)
    assert the_entry(pk=entry.pk).what == "A price"
    assert not entries(what="Made up")


def test_somebody_with_entries_cannot_be_deleted(ben: User, entry: AuditEntry):
    with pytest.raises(DatabaseError), transaction.atomic():
        User.objects.filter(pk=ben.pk).delete()
    assert the_entry().actor == ben


def test_words_that_are_too_long_or_odd_are_fitted_and_never_refused(ben: User):
    audit.record(
        actor=ben, action="page", what="a\x00" + "x" * 900, why="y" * 900, subject="z" * 90
    )
    entry = the_entry()
    assert entry.what.startswith("a\N{REPLACEMENT CHARACTER}x")
    assert (len(entry.what), len(entry.why), len(entry.subject)) == (500, 500, 80)


# --- Pages ----------------------------------------------------------------------------------------
def test_a_page_that_staff_look_at_is_written_down_with_what_they_searched_for(
    billing: Client, ben: User
):
    billing.get(reverse("desk_members"), {"q": "maria & co"})
    entry = the_entry()
    assert (entry.actor, entry.action, entry.as_superuser) == (ben, "page", False)
    assert entry.what == "GET desk members: /desk/members/?q=maria & co"


def test_a_page_about_a_member_names_the_member_and_the_row(billing: Client, root: User):
    member = make_member()
    wallet = member.wallet
    billing.get(reverse("desk_member", args=[member.pk]))
    billing.get(reverse("admin:accounts_wallet_change", args=[wallet.pk]))
    client_of(root).get(reverse("admin:accounts_user_change", args=[member.pk]))
    found = [(entry.subject, entry.what.partition(": ")[0]) for entry in entries(member=member)]
    assert found == [
        (f"user {member.pk}", "GET desk member"),
        (f"wallet {wallet.pk}", "GET wallets, one"),
        (f"user {member.pk}", "GET users, one"),
    ]


def test_a_list_of_the_admin_and_its_search_are_written_down(billing: Client):
    billing.get(reverse("admin:accounts_transfer_changelist"), {"q": "maria"})
    path = reverse("admin:accounts_transfer_changelist")
    assert the_entry().what == f"GET transfers, the list: {path}?q=maria"


@pytest.mark.parametrize("method", ["get", "options", "put"])
def test_a_page_leaves_its_entry_however_it_is_asked_for(root: User, method: str):
    """The admin answers every method that it does not know with the page."""
    path, member = reverse("admin:accounts_user_changelist"), make_member()
    answer = getattr(client_of(root), method)(path)
    assert member.email in answer.content.decode()
    assert the_entry(action="page").what == f"{method.upper()} users, the list: {path}"


def test_members_whom_a_field_of_the_admin_offers_are_shown_members(billing: Client):
    member = make_member(email="maria@heirloom.example")
    asked = {"app_label": "accounts", "model_name": "wallet", "field_name": "user", "term": "mar"}
    answer = billing.get(reverse("admin:autocomplete"), asked)
    assert member.email in answer.content.decode()
    assert "term=mar" in the_entry().what


def test_the_trail_is_kept_below_a_prefix_too(billing: Client):
    billing.get(reverse("desk_members"), SCRIPT_NAME="/heirloom")
    assert the_entry().action == "page"


@pytest.mark.parametrize("rows", ["restorationjob", "delivery"])
def test_what_may_be_the_vendors_request_number_is_not_written_down(billing: Client, rows: str):
    path = reverse(f"admin:jobs_{rows}_changelist")
    assert billing.get(path, {"q": "01HZX-part-of-it"}).status_code == 200
    assert the_entry().what.endswith(f", the list: {path}")


def test_a_superuser_is_marked_as_one(root: User):
    client_of(root).get(reverse("admin:index"))
    assert the_entry(action="page").as_superuser


def test_the_vendors_request_number_is_a_secret_and_not_written_down(billing: Client, vendor: Any):
    from jobs.models import Attempt
    from tests.builders import make_job, run

    job = make_job()
    run("submit")
    attempt = Attempt.objects.get(job=job)
    assert attempt.request_id
    answer = billing.get(reverse("desk_members"), {"q": attempt.request_id})
    assert answer.status_code == 302
    assert attempt.request_id not in answer["Location"]
    entry = the_entry()
    assert (entry.member, entry.subject) == (job.owner, f"attempt {attempt.pk}")
    assert attempt.request_id not in entry.what


def test_a_page_that_was_refused_says_so(ben: User):
    rosa = make_staff(REVIEWERS)
    client = client_of(rosa)
    for path in ("/desk/", reverse("admin:accounts_wallet_changelist")):
        assert client.get(path).status_code == 403
    assert [(one.action, one.actor) for one in entries()] == [("refused", rosa)] * 2


def test_what_is_sent_is_written_down_before_it_is_done_and_without_its_fields(billing: Client):
    member = make_member()
    said = {"reason": "a-secret-word", "amount_micros": "1", "direction": "CREDIT"}
    billing.post(reverse("desk_adjust", args=[member.pk]), said | {"form_id": uuid.uuid4()})
    entry = the_entry()
    assert entry.what == f"POST desk adjust: /desk/members/{member.pk}/adjust/"
    assert entry.member == member
    assert "a-secret-word" not in str(vars(entry))


def test_a_refused_post_is_there_as_a_try_and_as_a_refusal():
    client = client_of(make_staff(REVIEWERS))
    client.post(reverse("desk_adjust", args=[make_member().pk]))
    assert [one.action for one in entries()] == ["page", "refused"]


@pytest.mark.parametrize(
    "path",
    ["/admin/jsi18n/", "/desk/nowhere/", "/desk/members/999999/", "/photos/", "/wallet/"],
)
def test_noise_what_is_not_there_and_the_members_own_pages_leave_no_entry(
    billing: Client, path: str
):
    billing.get(path)
    assert entries() == []


def test_a_head_request_leaves_no_entry(billing: Client):
    billing.head(reverse("desk_members"))
    assert entries() == []


def test_members_and_strangers_leave_no_entry():
    for client in (Client(), client_of(make_member())):
        for path in ("/desk/", "/admin/"):
            client.get(path)
    assert entries() == []


@pytest.mark.parametrize("path", ["/desk/members/?q=%00", "/admin/accounts/user/%00/change/"])
def test_an_odd_address_is_no_error(root: User, path: str):
    assert client_of(root).get(path).status_code < 500


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_cannot_be_written_down_is_neither_shown_nor_done(
    ben: User, monkeypatch: pytest.MonkeyPatch, method: str
):
    member = make_member(micros=0)
    client = Client(raise_request_exception=False)
    client.force_login(ben)

    def record(**_: Any) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr(audit, "record", record)
    fields = {
        "direction": "CREDIT",
        "amount_micros": "1",
        "reason": "Because",
        "form_id": uuid.uuid4(),
        "confirmed": "yes",
    }
    path = reverse("desk_adjust", args=[member.pk])
    answer = getattr(client, method)(path, fields if method == "post" else {})
    assert answer.status_code == 500
    assert member.email not in answer.content.decode()
    assert not member.corrections.exists()


# --- Signing in ---------------------------------------------------------------------------------
def test_a_superusers_signing_in_is_written_down_and_nobody_elses(root: User, ben: User):
    for person in (root, ben, make_member()):
        Client().post(
            reverse("account_login"), {"login": person.email, "password": "a-good-password"}
        )
    entry = the_entry()
    assert (entry.actor, entry.action, entry.as_superuser) == (root, "sign-in", True)


# --- Deeds in the admin ---------------------------------------------------------------------------
def save_user(client: Client, user: User, **said: Any) -> None:
    fields = {"name": user.name, "is_active": "on", "groups": [], **said}
    path = reverse("admin:accounts_user_change", args=[user.pk])
    assert client.post(path, fields).status_code == 302


def test_who_made_somebody_staff_and_gave_which_role_is_written_down(root: User):
    client, member = client_of(root), make_member()
    make_staff(BILLING_STAFF)  # the groups exist
    billing, reviewers = (Group.objects.get(name=name) for name in (BILLING_STAFF, REVIEWERS))
    save_user(client, member, is_staff="on", groups=[billing.pk])
    entry = the_entry(action="user.change")
    assert (entry.actor, entry.member, entry.subject) == (root, member, f"user {member.pk}")
    assert "is_staff: False, now True" in entry.what
    assert "given: Billing staff" in entry.what
    save_user(client, member, is_staff="on", is_superuser="on", groups=[reviewers.pk])
    latest = entries(action="user.change")[-1].what
    for words in ("is_superuser: False, now True", "given: Reviewers", "taken: Billing staff"):
        assert words in latest


def test_a_form_that_changes_nothing_writes_no_change(root: User):
    save_user(client_of(root), make_member())
    assert not entries(action="user.change")


def test_a_change_of_a_user_that_cannot_be_written_down_is_not_made(
    root: User, monkeypatch: pytest.MonkeyPatch
):
    member, record = make_member(), audit.record
    client = Client(raise_request_exception=False)
    client.force_login(root)

    def only_pages(*, action: str, **said: Any) -> None:
        if action != "page":
            raise DatabaseError("no room")
        record(action=action, **said)

    monkeypatch.setattr(audit, "record", only_pages)
    path = reverse("admin:accounts_user_change", args=[member.pk])
    answer = client.post(path, {"name": "", "is_active": "on", "is_superuser": "on"})
    assert answer.status_code == 500
    member.refresh_from_db()
    assert not member.is_superuser


def pending() -> Consent:
    return make_consent(make_photo(), depicted=("CHILD",))


@pytest.mark.parametrize(("approve", "action"), [(True, "approve"), (False, "reject")])
def test_a_reviewers_decision_is_written_down(approve: bool, action: str):
    rosa, consent = make_staff(REVIEWERS), pending()
    decide(consent, by=rosa, approve=approve)
    entry = the_entry(action=f"consent.{action}")
    assert (entry.actor, entry.member) == (rosa, consent.given_by)
    assert entry.subject == f"consent {consent.pk}"


def test_a_decision_that_cannot_be_written_down_is_not_made(monkeypatch: pytest.MonkeyPatch):
    consent = pending()

    def record(**_: Any) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr(audit, "record", record)
    with pytest.raises(DatabaseError), transaction.atomic():
        decide(consent, by=make_staff(REVIEWERS))
    consent.refresh_from_db()
    assert consent.status == ConsentStatus.PENDING_REVIEW
