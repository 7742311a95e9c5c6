"""The card's doors: the form, the page one comes back to, and the webhook."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from accounts import ledger
from accounts.models import CardEvent, TopUp, TopUpState, User
from accounts.payments import cards
from accounts.views.top_up_offer import top_up_form
from tests.builders import make_member
from tests.fake_cards import FakeCards, body_of, charge, event, signed

pytestmark = pytest.mark.django_db

TEN = 10_000_000
WEBHOOK = "/webhooks/stripe/"


@pytest.fixture
def member(client: Client) -> User:
    """Signed in, without money."""
    user = make_member(micros=0)
    client.force_login(user)
    return user


def click(client: Client, amount: str = "10.00", form_id: str = "") -> Any:
    said = {"form_id": form_id or str(uuid.uuid4()), "amount": amount}
    return client.post(reverse("top_up_begin"), said)


def opened(client: Client) -> TopUp:
    click(client)
    return TopUp.objects.get()


def page(client: Client, top_up: TopUp, **said: Any) -> str:
    return client.get(reverse("top_up", args=[top_up.pk]), **said).content.decode()


def down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


# --- The click --------------------------------------------------------------------------------
def test_the_click_leads_to_the_card_processors_page(
    client: Client, member: User, card_processor: FakeCards
):
    response = click(client, "12.34")
    assert (response.status_code, response["Location"]) == (
        303,
        "https://checkout.test/pay/cs_test_1",
    )
    top_up = TopUp.objects.get()
    assert (top_up.member, top_up.amount_micros) == (member, 12_340_000)
    asked = card_processor.requests[0].content.decode()
    assert f"success_url=http%3A%2F%2Ftestserver%2Fwallet%2Ftop-up%2F{top_up.pk}%2F" in asked


def test_a_double_click_is_one_payment(client: Client, member: User, card_processor: FakeCards):
    form_id = str(uuid.uuid4())
    places = {click(client, form_id=form_id)["Location"] for _ in range(2)}
    assert len(places) == 1
    assert TopUp.objects.count() == 1


@pytest.mark.parametrize("amount", ["", "4.99", "500.01", "10.001", "-10", "NaN", "Infinity", "x"])
def test_an_amount_that_is_not_offered_says_what_is(
    client: Client, member: User, card_processor: FakeCards, amount: str
):
    response = click(client, amount)
    assert response.status_code == 422
    form = response.context["top_up_form"].form
    assert list(form.errors) == ["amount"]
    assert form["amount"].value() == amount
    text = response.content.decode()
    (problem,) = form.errors["amount"]
    assert text.count(problem) == 2  # in the summary, and beside the field
    assert 'href="#id_amount"' in text
    assert TopUp.objects.count() == 0
    assert card_processor.requests == []


def test_a_form_used_for_another_amount_says_so(
    client: Client, member: User, card_processor: FakeCards
):
    form_id = str(uuid.uuid4())
    click(client, "10", form_id)
    response = click(client, "20", form_id)
    assert response.status_code == 422
    assert response.content.decode().count("This form has begun another payment already.") == 2
    assert TopUp.objects.get().amount_micros == TEN
    form = response.context["top_up_form"].form
    assert click(client, form["amount"].value(), form["form_id"].value()).status_code == 303


def test_a_form_without_its_number_keeps_the_amount_and_gets_one(
    client: Client, member: User, card_processor: FakeCards
):
    response = click(client, "20", "no number")
    assert response.status_code == 422
    form = response.context["top_up_form"].form
    assert click(client, form["amount"].value(), form["form_id"].value()).status_code == 303


def test_a_processor_that_is_down_is_told_and_the_same_payment_can_be_tried_again(
    client: Client, member: User, card_processor: FakeCards
):
    card_processor.on_request = down
    response = click(client)
    top_up = TopUp.objects.get()
    assert response["Location"] == reverse("top_up", args=[top_up.pk])
    text = page(client, top_up)
    assert "be reached right now. Nothing was charged." in text
    assert "hx-get" not in text
    card_processor.on_request = None
    again = client.post(reverse("top_up_again", args=[top_up.pk]))
    assert again["Location"] == "https://checkout.test/pay/cs_test_1"


def test_a_refusal_is_told_and_logged_without_half_a_state(
    client: Client, member: User, card_processor: FakeCards, caplog: pytest.LogCaptureFixture
):
    card_processor.on_request = lambda request: httpx.Response(
        401, json={"error": {"message": f"Invalid API Key {request.headers['Authorization']}"}}
    )
    response = click(client, "12.34")
    assert response.status_code == 422
    text = response.content.decode()
    assert text.count("did not accept this payment. Nothing was charged.") == 2
    assert response.context["top_up_form"].form["amount"].value() == "12.34"
    assert "refused: 401" in caplog.text
    assert "sk_test" not in caplog.text


def test_a_payment_tried_again_and_refused_is_told_beside_its_amount(
    client: Client, member: User, card_processor: FakeCards
):
    card_processor.on_request = down
    click(client)
    top_up = TopUp.objects.get()
    card_processor.on_request = lambda request: httpx.Response(400, json={"error": {}})
    again = reverse("top_up_again", args=[top_up.pk])
    response = client.post(again)
    assert response.status_code == 422
    form = response.context["top_up_form"].form
    assert list(form.errors) == ["amount"]
    assert form["amount"].value() == "10.00"
    assert form["form_id"].value() != str(top_up.pk)
    assert client.get(again)["Location"] == reverse("top_up", args=[top_up.pk])


def test_without_keys_there_is_no_form_no_click_and_no_webhook(client: Client, member: User):
    assert top_up_form(member) is None
    assert click(client)["Location"] == reverse("wallet")
    assert client.post(WEBHOOK, b"{}", content_type="application/json").status_code == 404


def test_whoever_is_not_signed_in_is_asked_to(client: Client, card_processor: FakeCards):
    for path in (reverse("top_up_begin"), reverse("top_up", args=[uuid.uuid4()])):
        assert client.get(path)["Location"].startswith(reverse("account_login"))
    assert TopUp.objects.count() == 0


def test_the_form_offers_the_bonus_before_the_first_payment_only(
    client: Client, member: User, card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    before = top_up_form(member)
    top_up = opened(client)
    card_processor.pay(top_up)
    page(client, top_up)
    after = top_up_form(member)
    assert before is not None
    assert after is not None
    assert (before.bonus_words, after.bonus_words) == ("$5.00", "")
    assert [preset.dollars for preset in after.presets] == ["5.00", "10.00", "20.00", "50.00"]


# --- The page one comes back to -----------------------------------------------------------------
def test_the_return_settles_a_payment_whose_webhook_was_lost(
    client: Client, member: User, card_processor: FakeCards, settings: Any
):
    settings.FIRST_PAYMENT_BONUS_MICROS = 5_000_000
    top_up = opened(client)
    card_processor.pay(top_up)
    text = page(client, top_up)
    assert "Paid: $10.00 is in your wallet" in text
    assert "our present of $5.00" in text
    assert ledger.wallet_of(member).available_micros == TEN + 5_000_000
    card_processor.requests.clear()
    page(client, top_up)
    assert card_processor.requests == []


def test_an_open_payment_is_looked_at_ever_more_rarely_and_not_for_ever(
    client: Client, member: User, card_processor: FakeCards
):
    top_up = opened(client)
    here = reverse("top_up", args=[top_up.pk])
    delays = []
    for looks in (0, 1, 4, 9):
        text = client.get(f"{here}?looks={looks}", headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in text
        assert f'hx-get="{here}?looks={looks + 1}"' in text
        delays.append(int(text.partition("load delay:")[2].partition("s")[0]))
    assert delays == [2, 4, 32, 60]
    assert "hx-get" not in page(client, top_up, data={"looks": 40})


def test_coming_back_without_paying_says_that_nothing_was_charged(
    client: Client, member: User, card_processor: FakeCards
):
    text = page(client, opened(client), data={"cancelled": 1})
    assert "You came back without paying" in text
    assert "Nothing was charged." in text


@pytest.mark.parametrize(
    ("session", "words"),
    [
        ({"status": "expired"}, "Not paid in time"),
        (
            {"status": "complete", "payment_intent": {"id": "pi", "status": "canceled"}},
            "The payment did not go through",
        ),
        (
            {"status": "complete", "payment_intent": {"id": "pi", "status": "processing"}},
            "Your bank is still working on it",
        ),
        ({}, "Not paid yet"),
    ],
)
def test_every_other_end_has_its_words(
    client: Client,
    member: User,
    card_processor: FakeCards,
    session: dict[str, Any],
    words: str,
):
    top_up = opened(client)
    card_processor.sessions[str(top_up.session_id)] |= session
    assert words in page(client, top_up)
    assert ledger.wallet_of(member).available_micros == 0


def test_a_processor_that_cant_be_asked_is_told_and_the_page_stands(
    client: Client, member: User, card_processor: FakeCards
):
    top_up = opened(client)
    card_processor.on_request = down
    assert "be asked at the moment. If you have paid, nothing is lost" in page(client, top_up)


def test_a_payment_is_seen_by_its_member_alone(
    client: Client, member: User, card_processor: FakeCards
):
    top_up = opened(client)
    client.force_login(make_member())
    assert client.get(reverse("top_up", args=[top_up.pk])).status_code == 404
    assert client.post(reverse("top_up_again", args=[top_up.pk])).status_code == 404


# --- The webhook --------------------------------------------------------------------------------
def send(client: Client, said: dict[str, Any] | str, **extra: Any) -> Any:
    body = said if isinstance(said, str) else body_of(said)
    headers = {"Stripe-Signature": signed(body), **extra.pop("headers", {})}
    return client.post(WEBHOOK, body, content_type="application/json", headers=headers)


def test_a_webhook_credits_without_cookie_or_csrf_token(
    client: Client, member: User, card_processor: FakeCards
):
    top_up = opened(client)
    said = event("checkout.session.completed", card_processor.pay(top_up))
    card_processor.requests.clear()
    stripe = Client(enforce_csrf_checks=True)
    response = send(stripe, said)
    assert (response.status_code, response.json()) == (200, {"verdict": "APPLIED"})
    assert "Set-Cookie" not in response.headers
    assert ledger.wallet_of(member).available_micros == TEN
    assert card_processor.requests == []  # nothing is asked from here
    assert send(stripe, said).json() == {"verdict": "APPLIED"}
    assert CardEvent.objects.count() == 1


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1,v1=00",
        signed("{}"),
        signed("PAID", secret="whsec_x"),
    ],
    ids=["none", "made up", "another body", "another secret"],
)
def test_what_is_not_sealed_is_refused_and_leaves_no_trace(
    client: Client, member: User, card_processor: FakeCards, signature: str
):
    top_up = opened(client)
    said = body_of(event("checkout.session.completed", card_processor.pay(top_up)))
    response = send(client, said, headers={"Stripe-Signature": signature})
    assert response.status_code == 400
    assert CardEvent.objects.count() == 0
    top_up.refresh_from_db()
    assert top_up.state == TopUpState.OPEN


@pytest.mark.parametrize("body", ["", "no json", "[]", '{"object": "event"}'])
def test_a_malformed_body_is_refused(client: Client, card_processor: FakeCards, body: str):
    assert send(client, body).status_code == 400
    assert CardEvent.objects.count() == 0


def test_a_session_without_its_fields_is_refused(client: Client, card_processor: FakeCards):
    assert send(client, event("checkout.session.completed", {"id": "cs_1"})).status_code == 400


def test_five_megabytes_are_refused_unread(client: Client, card_processor: FakeCards):
    body = body_of(event("x", {"padding": "x" * 5_000_000}))
    assert send(client, body).status_code == 413


@pytest.mark.parametrize("length", ["-1", "ten", "²"])
def test_a_length_that_is_no_number_is_refused(
    client: Client, card_processor: FakeCards, length: str
):
    response = client.generic("POST", WEBHOOK, b"{}", "application/json", CONTENT_LENGTH=length)
    assert response.status_code == 413


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_answered(client: Client, card_processor: FakeCards, method: str):
    assert getattr(client, method)(WEBHOOK).status_code == 405


def test_an_event_before_its_payment_is_asked_for_again(
    client: Client, member: User, card_processor: FakeCards
):
    top_up = opened(client)
    session = card_processor.pay(top_up)
    top_up.payment_intent = session["payment_intent"]
    early = event("charge.refunded", charge(top_up, refunded_cents=1000))
    assert send(client, early).status_code == 503
    send(client, event("checkout.session.completed", session))
    assert send(client, early).json() == {"verdict": "APPLIED"}
    assert ledger.wallet_of(member).available_micros == 0


def test_our_own_fault_is_a_500_and_nothing_is_half_done(
    client: Client,
    member: User,
    card_processor: FakeCards,
    monkeypatch: pytest.MonkeyPatch,
):
    top_up = opened(client)

    def broken(**said: Any) -> None:
        raise RuntimeError("the ledger is out of order")

    monkeypatch.setattr(ledger, "grant_bonus", broken)
    monkeypatch.setattr("django.conf.settings.FIRST_PAYMENT_BONUS_MICROS", 1)
    client.raise_request_exception = False
    said = event("checkout.session.completed", card_processor.pay(top_up))
    assert send(client, said).status_code == 500
    assert CardEvent.objects.count() == 0
    assert ledger.wallet_of(member).available_micros == 0
    assert cards.enabled()
