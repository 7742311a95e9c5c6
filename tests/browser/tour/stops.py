"""Where the tour stops: every page of the site, in every state that has a look of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page, Response

from tests.browser.tour.scenes import (
    Step,
    failing,
    follow,
    press,
    send,
    send_too_late,
    tick,
    unfold,
    upload,
)

TICKS = "#photos input[type=checkbox]"


@dataclass(frozen=True)
class Stop:
    """One page as one person sees it, when they have done what `then` does there.

    `{words in braces}` of its path are the world's addresses; `status` is that of the page which is
    seen in the end.
    """

    name: str
    person: str
    path: str
    status: int = 200
    then: Step | None = None

    def address(self, addresses: Mapping[str, str]) -> str:
        return self.path.format_map(addresses)

    def visit(
        self, page: Page, addresses: Mapping[str, str], arrived: Callable[[], object] | None = None
    ) -> Response:
        """Go there; the answer with the page that is seen in the end.

        `arrived` is called when the document has come, and its pictures may not have.
        """
        answers: list[Response] = []

        def keep(answer: Response) -> None:
            if answer.request.is_navigation_request() and answer.frame == page.main_frame:
                answers.append(answer)

        page.on("response", keep)
        page.goto(self.address(addresses), wait_until="domcontentloaded")
        if arrived:
            arrived()
        page.wait_for_load_state("load")
        if self.then:
            page.evaluate("performance.mark('then')")  # what moves from here on was asked for
            self.then(page)
        page.remove_listener("response", keep)
        return answers[-1]


STOPS = [
    # --- Anybody ---
    Stop("front", "stranger", "/"),
    Stop("front, signed in", "member", "/"),
    Stop("sign in", "stranger", "/accounts/login/"),
    Stop(
        "sign in, wrong",
        "stranger",
        "/accounts/login/",
        then=send("main form", {"login": "nobody@family.example", "password": "a guess"}),
    ),
    Stop("sign up", "stranger", "/accounts/signup/"),
    Stop(
        "sign up, refused",
        "stranger",
        "/accounts/signup/",
        then=send("main form", {"email": "nobody", "password1": "12345", "password2": "54321"}),
    ),
    Stop("password forgotten", "stranger", "/accounts/password/reset/"),
    Stop("account closed", "stranger", "/account/left/"),
    Stop(
        "password forgotten, no address",
        "stranger",
        "/accounts/password/reset/",
        then=send("main form"),
    ),
    Stop("password asked for", "stranger", "/accounts/password/reset/done/"),
    Stop("password link run out", "stranger", "/accounts/password/reset/key/1-none/"),
    Stop("password set", "stranger", "/accounts/password/reset/key/done/"),
    Stop("address to be confirmed", "stranger", "/accounts/confirm-email/"),
    Stop("address link run out", "stranger", "/accounts/confirm-email/none/"),
    Stop("account switched off", "stranger", "/accounts/inactive/"),
    Stop("shared", "stranger", "{link open}"),
    Stop("shared, with all", "stranger", "{link with all}"),
    Stop("shared, ended", "stranger", "{link ended}", status=404),
    # --- A member ---
    Stop("gallery, empty", "newcomer", "/photos/"),
    Stop("gallery", "member", "/photos/"),
    Stop("account menu", "member", "/photos/", then=press(".menu > summary")),
    Stop(
        "gallery, album for two",
        "member",
        "/photos/",
        then=tick(TICKS, then=".deed:has(#to_album) > summary"),
    ),
    Stop(
        "gallery, download of two",
        "member",
        "/photos/",
        then=tick(TICKS, then=".deed:has(#with_originals) > summary"),
    ),
    Stop("gallery, uploading", "member", "/photos/", then=upload("The kitchen")),
    Stop("gallery, many", "collector", "/photos/"),
    Stop("gallery, many, older", "collector", "/photos/", then=follow(".pager [rel=next]")),
    Stop("gallery, none like this", "member", "/photos/?stage=UNDER_WAY&model=flux-kontext"),
    Stop("gallery, album", "member", "{album}"),
    Stop("gallery, album for two in an album", "member", "{album}", then=press(".deed > summary")),
    Stop("gallery, album, empty", "member", "{empty album}"),
    Stop("albums, empty", "newcomer", "/albums/"),
    Stop("albums", "member", "/albums/"),
    Stop("albums, refused", "member", "/albums/", status=422, then=send()),
    Stop("album", "member", "{change album}"),
    Stop("trash, empty", "newcomer", "/photos/trash/"),
    Stop("trash", "member", "/photos/trash/"),
    Stop("trash, unfolded", "member", "/photos/trash/", then=unfold),
    Stop("photo, nothing said", "member", "{photo unspoken}"),
    Stop("photo, being prepared", "member", "{photo being prepared}"),
    Stop("photo, unreadable", "member", "{photo unreadable}"),
    Stop("photo, delivered", "member", "{photo delivered}"),
    Stop("photo, unfolded", "member", "{photo delivered}", then=unfold),
    Stop("photo, no money", "collector", "{photo no money}"),
    Stop(
        "photo, too little money",
        "collector",
        "{photo no money}",
        status=422,
        then=send("#offers", button="[formaction*='/restore/gfpgan/']"),
    ),
    Stop("photo, two results beside each other", "member", "{two results}"),
    Stop("photo, filled in for an archive", "member", "{photo delivered}?preset=archive"),
    Stop("photo, two ticked", "member", "{photo delivered}?preset=compare"),
    Stop("photo, failed", "member", "{photo failed}"),
    Stop("photo, waiting for a reviewer", "member", "{photo waiting}"),
    Stop("photo, rejected", "member", "{photo rejected}"),
    Stop("photo, asked", "member", "{photo asked}"),
    Stop("photo, under way", "member", "{photo under_way}"),
    Stop("consent", "member", "{photo unspoken}consent/"),
    Stop(
        "consent, nothing said",
        "member",
        "{photo unspoken}consent/",
        status=422,
        then=send("#consent-form"),
    ),
    Stop("consent, said before", "member", "{photo delivered}consent/"),
    Stop("consent record", "member", "{photo delivered}consent/record/"),
    Stop("consent record, withdrawn", "member", "{photo withdrawn}consent/record/"),
    Stop("consent record, unfolded", "member", "{photo delivered}consent/record/", then=unfold),
    Stop("consent record, asked", "member", "{photo asked}consent/record/"),
    Stop(
        "consent record, no answer",
        "member",
        "{photo asked}consent/record/",
        status=422,
        then=send("#question form"),
    ),
    Stop("consents, empty", "newcomer", "/consents/"),
    Stop("consents", "member", "/consents/"),
    Stop("consent for several", "member", "{consent many}"),
    Stop(
        "consent for several, nothing said",
        "member",
        "{consent many}",
        status=422,
        then=send("#consent-form"),
    ),
    Stop("restore several", "member", "{batch}"),
    Stop("restore several, unfolded", "member", "{batch}", then=unfold),
    Stop("job, stop waiting", "member", "{job under_way}stop/"),
    Stop("download", "member", "{job delivered}download/"),
    Stop("not them", "member", "{job delivered}not-them/"),
    Stop("not them, refused", "member", "{job delivered}not-them/", status=422, then=send()),
    Stop("share", "member", "{job delivered}share/"),
    Stop("share, refused", "member", "{job delivered}share/", status=422, then=send()),
    Stop("share, none yet", "member", "{job other}share/"),
    Stop("shared links, empty", "newcomer", "/links/"),
    Stop("shared links", "member", "/links/"),
    Stop("wallet, empty", "newcomer", "/wallet/"),
    Stop("wallet", "member", "/wallet/"),
    Stop(
        "wallet, top-up refused",
        "member",
        "/wallet/",
        status=422,
        then=send("#top-up form[novalidate]", {"amount": "a lot"}),
    ),
    Stop(
        "wallet, limit refused",
        "member",
        "/wallet/",
        status=422,
        then=send("form[action*='#limits']", {"monthly_limit_micros": "a lot"}),
    ),
    Stop("wallet, a month to print", "member", "{month}"),
    Stop("top-up, not paid yet", "member", "{top-up open}"),
    Stop("top-up, paid", "member", "{top-up paid}"),
    Stop("top-up, at the bank", "member", "{top-up at the bank}"),
    Stop("top-up, failed", "member", "{top-up failed}"),
    Stop("top-up, expired", "member", "{top-up expired}"),
    Stop("all my data", "member", "/account/data/"),
    Stop("close the account", "member", "/account/delete/"),
    Stop("e-mail addresses", "member", "/accounts/email/"),
    Stop("password", "member", "/accounts/password/change/"),
    Stop("password, refused", "member", "/accounts/password/change/", then=send("main form")),
    Stop("time zone", "member", "/account/time-zone/"),
    Stop("language", "member", "/account/language/"),
    Stop("confirm that it is you", "member", "/accounts/reauthenticate/"),
    Stop("two factors", "member", "/accounts/2fa/"),
    Stop("sign out", "member", "/accounts/logout/"),
    # --- Staff ---
    Stop("desk", "clerk", "/desk/"),
    Stop("desk, find a member", "clerk", "/desk/members/?q=family"),
    Stop("desk, nobody found", "clerk", "/desk/members/?q=nobody-like-this"),
    Stop("desk, member", "clerk", "{desk member}"),
    Stop("desk, transfers", "clerk", "{desk member}transfers/"),
    Stop("desk, adjust", "clerk", "{desk member}adjust/"),
    Stop("desk, adjust, refused", "clerk", "{desk member}adjust/", status=422, then=send()),
    Stop("desk, refund", "clerk", "{desk refund}"),
    Stop("desk, corrections", "clerk", "/desk/corrections/"),
    Stop("desk, overview", "clerk", "/desk/overview/"),
    Stop("desk, prices", "clerk", "/desk/prices/"),
    Stop("desk, publish a price", "clerk", "/desk/prices/gfpgan/"),
    Stop("desk, price refused", "clerk", "/desk/prices/gfpgan/", status=422, then=send()),
    Stop("desk, reconciliation", "clerk", "/desk/reconciliation/"),
    Stop("desk, bill refused", "clerk", "/desk/reconciliation/", status=422, then=send()),
    Stop("desk, a day of the bill", "clerk", "/desk/reconciliation/{today}/"),
    Stop("desk, job delivered", "clerk", "{desk job delivered}"),
    Stop("desk, job failed", "clerk", "{desk job failed}"),
    Stop("desk, job under way", "clerk", "{desk job under_way}"),
    Stop("desk, gateway", "clerk", "/desk/gateway/"),
    Stop("desk, not them", "clerk", "/desk/not-them/"),
    Stop("desk, letters", "reviewer", "/desk/letters/"),
    Stop("desk, a letter", "reviewer", "/desk/letters/delivered/"),
    Stop("desk, a letter to staff", "clerk", "/desk/letters/gateway_stopped/"),
    Stop("desk, audit", "admin", "/desk/audit/"),
    Stop("reviews", "reviewer", "/desk/review/"),
    Stop("reviews, none like this", "reviewer", "/desk/review/?age=7"),
    Stop("review", "reviewer", "{review}"),
    Stop("review, unfolded", "reviewer", "{review}", then=unfold),
    Stop(
        "review, no reason",
        "reviewer",
        "{review}",
        status=422,
        then=send("[data-decision=reject]"),
    ),
    Stop("review figures", "reviewer", "/desk/review/figures/"),
    Stop("notices", "admin", "/desk/notices/"),
    Stop("notice", "admin", "/desk/notices/1/"),
    Stop("notice draft", "admin", "{notice draft}"),
    Stop(
        "notice draft, refused",
        "admin",
        "{notice draft}",
        status=422,
        then=send(said={"title": "", "text": ""}),
    ),
    # --- When something is wrong ---
    Stop("400", "stranger", f"/accounts/login/?{'a&' * 1001}", status=400),
    Stop("403", "member", "/desk/", status=403),
    Stop("403, page open for too long", "stranger", "/accounts/login/", 403, then=send_too_late),
    Stop("404", "stranger", "/no/such/page/", status=404),
    Stop("405", "stranger", "/photos/upload/one/", status=405),
    Stop("413", "stranger", "/", 413, then=failing("413.html", 413, limit_bytes=50_000_000)),
    Stop("429", "stranger", "/", 429, then=failing("429.html", 429)),
    Stop("500", "stranger", "/", 500, then=failing("500.html", 500)),
    Stop("503", "stranger", "/", 503, then=failing("503.html", 503)),
    Stop(
        "503, no notice to agree to",
        "stranger",
        "/",
        503,
        then=failing("jobs/consent_later.html", 503, typed="My grandparents, about 1931."),
    ),
]

# --- Where it stops in German, too -------------------------------------------------------------
# Its words are longer: what members see most, and where staff have least room.
IN_GERMAN = frozenset(
    {
        "front",
        "sign up",
        "gallery",
        "account menu",
        "gallery, album for two",
        "gallery, uploading",
        "photo, delivered",
        "photo, asked",
        "photo, under way",
        "consent",
        "consent, nothing said",
        "consent record",
        "consents",
        "restore several",
        "not them",
        "share",
        "wallet",
        "close the account",
        "desk, member",
        "desk, job under way",
        "review",
    }
)

# --- Names in the URL conf that no stop leads to, and why --------------------------------------
BY_THE_WAY = "a page that only a flow of its own leads to: tests/browser/tour/test_two_factors.py"
BUTTON = "a button: looked at, it leads to the page that it stands on"
POSTED = "answers a form alone"
FRAGMENT = "a piece of a page, on which a stop looks at it"
FILE = "a file"
PROGRAM = "answers a program"
UNVISITED = {
    **dict.fromkeys(
        (
            "mfa_activate_totp",
            "mfa_authenticate",
            "mfa_deactivate_totp",
            "mfa_generate_recovery_codes",
            "mfa_reauthenticate",
            "mfa_view_recovery_codes",
        ),
        BY_THE_WAY,
    ),
    **dict.fromkeys(
        (
            "album_delete",
            "album_move",
            "album_move_photos",
            "album_put",
            "album_take_out",
            "choose_language",
            "compare",
            "consent_answer",
            "desk_close_day",
            "desk_explain",
            "desk_fal_usage",
            "desk_notice_publish",
            "desk_usage_import",
            "erase_now",
            "job_cancel",
            "keep_result",
            "photo_title",
            "put_back",
            "restore",
            "share_revoke",
            "top_up_again",
            "top_up_begin",
            "trash_many",
            "trash_photo",
            "upload",
            "wallet_limits",
            "withdraw",
        ),
        BUTTON,
    ),
    **dict.fromkeys(
        (
            "desk_decide",
            "desk_gateway_close",
            "desk_gateway_try",
            "desk_job_act",
            "desk_job_replay",
            "desk_job_show",
            "desk_notice_discard",
            "desk_notice_start",
            "desk_review_claim",
            "desk_review_decide",
            "desk_review_go",
            "desk_review_release",
            "desk_review_show",
            "desk_review_start",
        ),
        POSTED,
    ),
    **dict.fromkeys(("batch_quote", "job_card", "quote"), FRAGMENT),
    **dict.fromkeys(
        (
            "consent_receipt",
            "data_download",
            "desk_audit_csv",
            "desk_findings_csv",
            "desk_overview_csv",
            "job_picture",
            "keepsake_file",
            "mfa_download_recovery_codes",
            "photo_original",
            "photos_download",
            "statement_csv",
        ),
        FILE,
    ),
    **dict.fromkeys(
        (
            "desk_review_keep",
            "fal_callback",
            "live",
            "live_rows",
            "pixazo_callback",
            "ready",
            "stripe_webhook",
            "upload_known",
            "upload_one",
        ),
        PROGRAM,
    ),
    "account_confirm_login_code": "codes for signing in are off: it leads to signing in",
    "account_set_password": "everybody has a password: it leads to changing it",
    "desk_letter_html": "the frame on a letter's page: tests/browser/tour/test_letters.py",
    "job": "a number's way to its place on the photo's page",
}
