"""No page and no letter says a word that is not marked for translation (`marks` finds them)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fakeredis
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.shortcuts import render
from django.test import Client
from django.test.client import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.translation import trans_real

from desk import letter_samples, letters
from jobs import notices
from tests import fake_cards
from tests.builders import make_member, publish_notice
from tests.restoration_site.marks import assert_marked, in_brackets, unmarked
from tests.restoration_site.small_house import WORDS, House, texts

pytestmark = pytest.mark.django_db

STEPS = ("member", "submit", "observe", "callback", "collect")  # in a job's diary: who moved it


@pytest.fixture(autouse=True)
def _a_redis_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = fakeredis.FakeRedis()
    monkeypatch.setattr("django_rq.queues.get_connection", lambda *args, **options: connection)


@pytest.fixture(autouse=True)
def _made_up_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        trans_real.DjangoTranslation, "gettext", lambda catalogue, message: in_brackets(message)
    )
    monkeypatch.setattr(
        trans_real.DjangoTranslation,
        "ngettext",
        lambda catalogue, one, many, n: in_brackets(one if n == 1 else many),
    )


@dataclass(frozen=True)
class Page:
    """Who opens it, with which arguments in its address, and what the house `has` by then."""

    who: str
    at: Callable[[House], list[Any]] = lambda house: []
    has: str = ""


PAGES = {
    "front": Page("visitor"),
    "gallery": Page("member", has="waiting under_way album"),
    "albums": Page("member", has="album"),
    "album": Page("member", lambda house: [house.album]),
    "trash": Page("member", has="trashed"),
    "photo": Page("member", lambda house: [house.result.photo_id]),
    "consent": Page("member", lambda house: [house.photo.pk]),
    "consent_record": Page("member", lambda house: [house.withdrawn.pk]),
    "quote": Page("member", lambda house: [house.photo.pk, "codeformer"]),
    "consents": Page("member", has="asked pending"),
    "keepsake": Page("member", lambda house: [house.result.pk]),
    "job_card": Page("member", lambda house: [house.under_way.pk]),
    "job_stop": Page("member", lambda house: [house.under_way.pk]),
    "not_them": Page("member", lambda house: [house.result.pk]),
    "share": Page("member", lambda house: [house.result.pk], has="link"),
    "shares": Page("member", has="link"),
    "shared": Page("visitor", lambda house: [house.link]),
    "data": Page("member"),
    "account_left": Page("visitor"),
    "time_zone": Page("member"),
    "language": Page("member"),
    "wallet": Page("member", has="moved"),
    "wallet_month": Page("member", lambda house: house.month, has="moved"),
    "top_up": Page("member", lambda house: [house.top_up.pk]),
    "account_login": Page("visitor"),
    "account_logout": Page("member"),
    "account_inactive": Page("visitor"),
    "account_signup": Page("visitor"),
    "account_reauthenticate": Page("member"),
    "account_email": Page("member"),
    "account_email_verification_sent": Page("visitor"),
    "account_change_password": Page("member"),
    "account_reset_password": Page("visitor"),
    "account_reset_password_from_key_done": Page("visitor"),
    "account_reset_password_done": Page("visitor"),
    "account_confirm_email": Page("visitor", lambda house: ["no-key"]),
    "account_reset_password_from_key": Page("visitor", lambda house: ["1", "no-key"]),
    "mfa_index": Page("member"),
    "desk": Page("billing", has="correction"),
    "desk_members": Page("billing"),
    "desk_member": Page("billing", lambda house: [house.member.pk], has="correction moved"),
    "desk_transfers": Page("billing", lambda house: [house.member.pk], has="moved"),
    "desk_adjust": Page("billing", lambda house: [house.member.pk]),
    "desk_corrections": Page("billing", has="correction"),
    "desk_refund": Page("billing", lambda house: [house.hold]),
    "desk_overview": Page("billing", has="moved"),
    "desk_prices": Page("billing"),
    "desk_publish_price": Page("billing", lambda house: ["codeformer"]),
    "desk_reconciliation": Page("billing", has="usage"),
    "desk_day": Page("billing", lambda house: [house.usage]),
    "desk_job": Page("billing", lambda house: [house.under_way.pk]),
    "desk_not_them": Page("billing"),
    "desk_gateway": Page("billing", has="under_way"),
    "desk_letters": Page("reviewer"),
    "desk_notices": Page("reviewer", has="draft"),
    "desk_notice": Page("reviewer", lambda house: [notices.newest_version()]),
    "desk_notice_draft": Page("reviewer", lambda house: [house.draft]),
    "desk_reviews": Page("reviewer", has="pending asked"),
    "desk_review": Page("reviewer", lambda house: [house.pending.pk]),
    "desk_review_figures": Page("reviewer", has="pending"),
}
MORE = {  # other states of pages, with `name#state`
    "gallery#empty": Page("member"),
    "photo#new": Page("member", lambda house: [house.photo.pk], has="album"),
    "photo#waiting": Page("member", lambda house: [house.waiting.photo_id]),
    "photo#under way": Page("member", lambda house: [house.under_way.photo_id]),
    "photo#review": Page("member", lambda house: [house.pending.photo_id]),
    "photo#asked": Page("member", lambda house: [house.asked.pk]),
    "photo#unreadable": Page(
        "member", lambda house: [house.a_photo(state="UNREADABLE", note="Ωχ").pk]
    ),
    "photo#new notice": Page("member", lambda house: [house.waiting.photo_id]),
    "consent_record#asked": Page("member", lambda house: [house.asked.pk]),
    "desk_job#done": Page("billing", lambda house: [house.result.pk]),
    "desk_review#asked": Page("reviewer", lambda house: [house.asked.consents.get().pk]),
    "trash#empty": Page("member"),
    "albums#empty": Page("member"),
    "consents#empty": Page("member"),
}
# What answers with no page of its own: it only takes something and leads on (most of them), …
LEADS_ON = """
    upload job album_put album_move_photos album_take_out album_delete album_move trash_many
    photo_title trash_photo put_back erase_now consent_answer withdraw restore compare keep_result
    job_cancel share_revoke wallet_limits top_up_begin top_up_again photos_download desk_decide
    desk_usage_import desk_fal_usage desk_explain desk_close_day desk_job_act desk_job_replay
    desk_job_show desk_gateway_try desk_gateway_close desk_notice_start desk_notice_publish
    desk_notice_discard desk_review_start desk_review_keep desk_review_claim desk_review_release
    desk_review_go desk_review_show desk_review_decide choose_language photo_original job_picture
"""
# … is read by a script or a machine, …
FOR_MACHINES = """
    upload_one upload_known live_rows consent_receipt keepsake_file data_download statement_csv
    desk_audit_csv desk_overview_csv desk_findings_csv pixazo_callback fal_callback stripe_webhook
    live ready
"""
# … is allauth's or a library's own, in its own words, …
OF_OTHERS = """
    account_set_password account_confirm_login_code mfa_authenticate mfa_reauthenticate
    mfa_activate_totp mfa_deactivate_totp mfa_view_recovery_codes mfa_generate_recovery_codes
    mfa_download_recovery_codes
"""
# … or has a test of its own below, or none for a reason.
ELSEWHERE = {
    "batch": "many photos",
    "batch_quote": "many photos",
    "consent_many": "many photos",
    "account_delete": "after signing in again",
    "desk_letter": "every letter",
    "desk_letter_html": "every letter",
    "desk_audit": "the trail keeps what was said when it was said, in English",
}


def names(patterns: list[Any]) -> Iterator[str]:
    """Of all addresses but Django's admin and the queues' pages, which are not ours."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name or str(pattern.pattern)
        elif isinstance(pattern, URLResolver) and not str(pattern.pattern).startswith("admin/"):
            yield from names(pattern.url_patterns)


def test_every_address_is_looked_at_or_has_a_reason():
    known = {*PAGES, *ELSEWHERE, *f"{LEADS_ON} {FOR_MACHINES} {OF_OTHERS}".split()}
    assert known == set(names(get_resolver().url_patterns))


@pytest.mark.parametrize("name", [*PAGES, *MORE])
def test_every_word_of_a_page_is_marked(name: str, monkeypatch: pytest.MonkeyPatch, bucket: None):
    monkeypatch.setattr(settings, "STRIPE_SECRET_KEY", fake_cards.KEY)
    monkeypatch.setattr(settings, "STRIPE_WEBHOOK_SECRET", fake_cards.SECRET)
    house, page = House(), {**PAGES, **MORE}[name]
    for thing in page.has.split():
        getattr(house, thing)
    address = reverse(name.partition("#")[0], args=page.at(house))
    if name == "photo#new notice":
        publish_notice(WORDS)
    answer = house.clients[page.who].get(address)
    assert answer.status_code == 200, (answer.status_code, answer.headers.get("Location"))
    assert_marked(answer.content.decode(), *house.data, *(STEPS if "desk" in name else ()))


@pytest.mark.parametrize(
    "status", ["400", "403", "403_csrf", "404", "405", "413", "429", "500", "503"]
)
def test_every_word_of_an_error_page_is_marked(status: str, rf: RequestFactory):
    request = rf.get("/")
    request.user = AnonymousUser()
    page = render(request, f"{status}.html", {"limit_bytes": 1_000_000})
    assert_marked(page.content.decode())


@pytest.mark.parametrize("key", [sample.key for sample in letter_samples.SAMPLES])
def test_every_word_of_a_letter_is_marked(key: str):
    sample = letters.of_key(key)
    assert sample is not None
    preview = letters.preview(sample, "en")
    assert_marked(preview.html, *texts(sample.context()))


def test_every_word_of_an_order_of_many_is_marked():
    house = House()
    photos = [house.photo, house.pending.photo, house.result.photo]
    query = "&".join(f"photo={one.pk}" for one in photos)
    for name, more in (("batch", ""), ("batch_quote", "&model=gfpgan"), ("consent_many", "")):
        answer = house.clients["member"].get(f"{reverse(name)}?{query}{more}")
        assert answer.status_code in (200, 422)
        assert_marked(answer.content.decode())


def test_every_word_of_the_last_page_is_marked():
    member = make_member()
    browser = Client()
    browser.post(reverse("account_login"), {"login": member.email, "password": "a-good-password"})
    answer = browser.get(reverse("account_delete"))
    assert answer.status_code == 200
    assert_marked(answer.content.decode())


def test_a_word_without_a_mark_is_found_and_a_marked_one_is_not():
    page = '<p title="Old">New <bdi>data</bdi> {0}</p>'
    assert unmarked(page.replace("{0}", "GFPGAN, $0.04, 12 px")) == ["Old", "New"]
    assert (
        unmarked(f"<p>{in_brackets('No <b>word</b> of %(name)s.') % {'name': 'GFPGAN'}}</p>") == []
    )
    assert unmarked(f"<p>{in_brackets('Ask %(who)s.') % {'who': 'somebody'}}</p>") == ["somebody"]
