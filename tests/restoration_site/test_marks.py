"""No page says a word that is not marked for translation.

Every page is rendered in a made-up language that puts each marked string in brackets, piece by
piece around what is filled in. Whatever letters stand outside brackets then are unmarked words, or
data. The data of this test is Greek, so Latin letters outside brackets are names, or a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

import fakeredis
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.test import Client
from django.test.client import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.translation import trans_real

from accounts import corrections, ledger
from accounts.models import TopUp, User
from desk import letter_samples, letters
from jobs import catalog, notices
from jobs.models import Consent, ConsentNotice, Photo, Price, RestorationJob
from jobs.states import JobState
from jobs.steps import albums, review, share, trash
from tests import fake_cards
from tests.builders import make_consent, make_job, make_member, make_photo, publish_notice
from tests.jobs.usage import Line, attempted, delivered, export
from tests.staff import BILLING_STAFF, REVIEWERS, client_of, make_staff

pytestmark = pytest.mark.django_db

BEGIN, END = "⟦", "⟧"
CONTEXT = "\x04"  # between a context and its string, as gettext keeps them
FILLED_IN = re.compile(r"(%%|%\(\w+\)[sd]|%[sd]|\{\w*\})")
BRACKETED = re.compile(f"{BEGIN}[^{BEGIN}{END}]*{END}")
WORD = re.compile(r"[A-Za-z]{2,}")

# --- What may stand outside brackets, and why ---------------------------------------------------
NAMES = (
    "Heirloom", "FLUX.1 Kontext", "GFPGAN", "CodeFormer", "TencentARC", "Black Forest Labs",
    "sczhou", "Pixazo", "pixazo", "fal.ai", "fal", "Redis", "S3",
    *dict(settings.LANGUAGES).values(),  # each in itself
    *catalog.MODELS, *(one.model_id for model in catalog.MODELS.values() for one in model.routes),
)  # fmt: skip
SIGNS = (  # units, formats and codes, the same in every language that we know of
    "MP", "MB", "px", "cm", "SHA-256", "UTC", "PNG", "JPEG", "JPG", "WebP", "GIF", "TIFF", "HEIC",
    "AVIF", "HTTP", "GPS", "CSV", "ZIP", "JSON", "Enter", "Shift", "Esc", "Ctrl", "min",
)  # fmt: skip
DATA = re.compile(
    r"https?://\S+"
    r"|[\w.+-]+@[\w.-]+"  # addresses
    r"|/[\w./?=&#%:-]*"  # paths
    r"|(?:\b(?:correction|job|photo|consent) )?[0-9a-f]{8}-[0-9a-f-]{27}"  # UUIDs
    r"|…?\b[0-9a-f]{6,}…?\b"  # hashes, or their beginnings
    r"|\b[A-Z]+(?:_[A-Z]+)*\b"  # the codes of states
    r"|\b[a-z]+(?:[._][a-z-]+)+\b"  # the names of columns, the codes of deeds
    r"|\b(?:correction|transfer|user|job|photo|consent) \d+\b"  # whom a deed was about
    r"|\bv1\.4\b"
)


def in_brackets(message: str) -> str:
    """A marked string, without its context, each piece around what is filled in by itself."""
    words = message.rpartition(CONTEXT)[2]
    return "".join(
        piece if not piece.strip() or FILLED_IN.fullmatch(piece) else f"{BEGIN}{piece}{END}"
        for piece in FILLED_IN.split(words)
    )


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


class Reader(HTMLParser):
    """What a person reads or is read to."""

    UNREAD = frozenset({"script", "style", "code", "kbd", "bdi"})
    SAID = frozenset({"title", "alt", "aria-label", "placeholder", "data-words", "label"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in self.UNREAD:
            self._unread.append(tag)
        names = set(self.SAID)
        if tag == "input" and said.get("type") in ("submit", "button", "reset"):
            names |= {"value"}
        if tag == "meta" and said.get("name") == "description":
            names |= {"content"}
        if tag == "select" and said.get("name") == "time_zone":
            self._unread.append("select")
        self.said += [said[name] or "" for name in names if name in said]

    def handle_endtag(self, tag: str) -> None:
        if self._unread and self._unread[-1] == tag:
            self._unread.pop()

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.said.append(data)


def assert_marked(page: str, *data: str) -> None:
    found = unmarked(page, *data)
    assert not found, "\n".join(found)


def unmarked(page: str, *data: str) -> list[str]:
    """Words of a page that are neither marked nor data."""
    before = ""
    while before != page:
        before, page = page, BRACKETED.sub(" ", page)
    reader = Reader()
    reader.feed(page)
    found = []
    for words in reader.said:
        left = words
        for known in sorted((*data, *NAMES), key=len, reverse=True):
            left = left.replace(known, " ")
        left = DATA.sub(" ", left)
        left = re.sub(rf"\b(?:{'|'.join(map(re.escape, SIGNS))})\b", " ", left)
        if WORD.search(left):
            found.append(" ".join(words.split()))
    return found


# --- A small house with one of everything --------------------------------------------------------
TITLE, WORDS = "Γιαγιά", "Επειδή το λέω"
STEPS = ("member", "submit", "observe", "callback", "collect")  # in a job's diary: who moved it


@dataclass
class House:
    """Made as it is asked for: most pages need little of it."""

    member: User = field(default_factory=lambda: make_member(name="Μαρία", micros=90_000_000))

    def __post_init__(self) -> None:
        version = notices.newest_version()
        for number, text in enumerate((f"{WORDS} Pixazo", f"{WORDS} τώρα Pixazo"), version + 1):
            notices.add(version=number, title=TITLE, text=text, by=None)

    @property
    def data(self) -> list[str]:
        """What was written by somebody, and stands as it was written."""
        return [
            *ConsentNotice.objects.values_list("title", flat=True),
            *Price.objects.values_list("reason", flat=True),
            *texts([sample.context() for sample in letter_samples.SAMPLES]),
            *(settings.CONTROLLER_NAME, settings.CONTROLLER_ADDRESS, "I say so."),
        ]

    @cached_property
    def clients(self) -> dict[str, Client]:
        return {
            "visitor": Client(),
            "member": client_of(self.member),
            "reviewer": client_of(make_staff(REVIEWERS)),
            "billing": client_of(self.clerk),
        }

    @cached_property
    def clerk(self) -> User:
        return make_staff(BILLING_STAFF)

    def a_photo(self, **fields: Any) -> Photo:
        faces = [
            {"x": 1, "y": 1, "width": 90, "height": 90},
            {"x": 9, "y": 9, "width": 20, "height": 20},
        ]
        return make_photo(owner=self.member, **{"title": TITLE, "faces": faces, **fields})

    @cached_property
    def photo(self) -> Photo:
        return self.a_photo()

    @cached_property
    def waiting(self) -> RestorationJob:
        """Ordered and not sent, of each model, and one that a reviewer has to look at first."""
        make_job(photo=self.a_photo(), model=catalog.FLUX_KONTEXT)
        make_consent(photo := self.a_photo(), depicted=("CHILD", "OTHER", "DECEASED"))
        make_job(photo=photo, model=catalog.CODEFORMER, background_enhance=False)
        return make_job(photo=self.a_photo())

    @cached_property
    def under_way(self) -> RestorationJob:
        job = make_job(photo=self.a_photo())
        RestorationJob.objects.filter(pk=job.pk).update(
            state=JobState.PROCESSING, ready_at=timezone.now() - timedelta(minutes=2)
        )
        attempted(job, completed_at=None)
        return job

    @cached_property
    def result(self) -> RestorationJob:
        """One of two of the same photo."""
        photo = self.a_photo(has_faces_strip=True)
        first, second = delivered(photo=photo).job, delivered(photo=photo).job
        for job in (first, second):
            RestorationJob.objects.filter(pk=job.pk).update(
                completed_at=timezone.now(),
                result_key=f"{photo.prefix}results/{job.pk}.png",
                result_format="PNG",
                result_width_px=128,
                result_height_px=96,
                has_faces_strip=True,
            )
        return RestorationJob.objects.get(pk=first.pk)

    @cached_property
    def pending(self) -> Consent:
        return make_consent(self.a_photo(), depicted=("CHILD",))

    @cached_property
    def asked(self) -> Photo:
        consent = make_consent(self.a_photo(), depicted=("OTHER",))
        by = make_staff(REVIEWERS)
        review.ask(consent=consent, by=by, seen=review.seen(consent), question=WORDS)
        return consent.photo

    @cached_property
    def withdrawn(self) -> Photo:
        photo = self.result.photo
        self.clients["member"].post(reverse("withdraw", args=[photo.pk]))
        return photo

    @cached_property
    def trashed(self) -> Photo:
        trash.put(photo=(photo := self.a_photo()), by=self.member)
        return photo

    @cached_property
    def album(self) -> str:
        album = albums.create(owner=self.member, name=TITLE)
        albums.put(album=album, photos=[self.photo])
        return str(album.pk)

    @cached_property
    def link(self) -> str:
        _made, token = share.make(
            job=self.result, by=self.member, days=7, with_original=True, with_title=True,
            now=timezone.now(),
        )  # fmt: skip
        return token

    @cached_property
    def hold(self) -> int:
        assert self.result.hold_id is not None
        return self.result.hold_id

    @cached_property
    def moved(self) -> None:
        """Every kind of movement that a statement of a member without a card shows."""
        hold = self.result.hold
        assert hold is not None
        ledger.refund(hold=hold, amount_micros=1_000, key="refund", reason=WORDS, actor=self.clerk)
        _ = self.waiting, self.under_way

    @cached_property
    def correction(self) -> None:
        for micros in (1_000_000, 80_000_000):
            corrections.ask(
                form_id=self.photo.pk if micros > 1_000_000 else self.waiting.pk,
                kind="CREDIT", member=self.member, hold=None, amount_micros=micros, reason=WORDS,
                by=self.clerk,
            )  # fmt: skip

    @cached_property
    def top_up(self) -> TopUp:
        return TopUp.objects.create(member=self.member, amount_micros=5_000_000)

    @cached_property
    def usage(self) -> str:
        """A day with a finding of two kinds, in part explained."""
        delivered(photo=self.a_photo())
        self.bring([Line("r-1")])
        return "2026-05-20"

    def bring(self, lines: list[Line], **said: Any) -> HttpResponse:
        file = SimpleUploadedFile("χρήση", export(lines), "text/csv")
        answer: Any = self.clients["billing"].post(
            reverse("desk_usage_import"), {"file": file, **said}
        )
        return answer

    @cached_property
    def draft(self) -> int:
        return notices.start(by=make_staff(REVIEWERS)).pk


@dataclass(frozen=True)
class Page:
    """Who opens it, with which arguments in its address, and what the house `has` by then."""

    who: str
    at: Callable[[House], list[Any]] = lambda house: []
    has: str = ""
    query: str = ""


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
    "wallet_month": Page("member", lambda house: [2026, timezone.now().month], has="moved"),
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
    trash_photo put_back erase_now consent_answer withdraw restore compare keep_result job_cancel
    share_revoke wallet_limits top_up_begin top_up_again photos_download desk_decide
    desk_usage_import desk_fal_usage desk_explain desk_close_day desk_job_act desk_job_replay
    desk_job_show desk_gateway_try desk_gateway_close desk_notice_start desk_notice_publish
    desk_notice_discard desk_review_start desk_review_keep desk_review_claim desk_review_release
    desk_review_go desk_review_show desk_review_decide choose_language
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


def texts(value: Any) -> Iterator[str]:
    """What a sample makes up: what a member or a colleague wrote."""
    if isinstance(value, str) and value:
        yield from (line for line in value.splitlines() if line)
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


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
