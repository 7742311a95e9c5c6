"""Where the tour stops: every page of the site, in every state that has a look of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """One page as one person sees it. `{words in braces}` of its path are the world's addresses."""

    name: str
    person: str
    path: str
    status: int = 200

    def address(self, addresses: Mapping[str, str]) -> str:
        return self.path.format_map(addresses)


STOPS = [
    # --- Anybody ---
    Stop("front", "stranger", "/"),
    Stop("front, signed in", "member", "/"),
    Stop("sign in", "stranger", "/accounts/login/"),
    Stop("sign up", "stranger", "/accounts/signup/"),
    Stop("password forgotten", "stranger", "/accounts/password/reset/"),
    Stop("account closed", "stranger", "/account/left/"),
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
    Stop("gallery, none like this", "member", "/photos/?stage=UNDER_WAY&model=flux-kontext"),
    Stop("gallery, album", "member", "{album}"),
    Stop("albums, empty", "newcomer", "/albums/"),
    Stop("albums", "member", "/albums/"),
    Stop("album", "member", "{change album}"),
    Stop("trash, empty", "newcomer", "/photos/trash/"),
    Stop("trash", "member", "/photos/trash/"),
    Stop("photo, nothing said", "member", "{photo unspoken}"),
    Stop("photo, delivered", "member", "{photo delivered}"),
    Stop("photo, two results beside each other", "member", "{two results}"),
    Stop("photo, filled in for an archive", "member", "{photo delivered}?preset=archive"),
    Stop("photo, two ticked", "member", "{photo delivered}?preset=compare"),
    Stop("photo, failed", "member", "{photo failed}"),
    Stop("photo, waiting for a reviewer", "member", "{photo waiting}"),
    Stop("photo, rejected", "member", "{photo rejected}"),
    Stop("photo, asked", "member", "{photo asked}"),
    Stop("photo, under way", "member", "{photo under_way}"),
    Stop("consent", "member", "{photo unspoken}consent/"),
    Stop("consent, said before", "member", "{photo delivered}consent/"),
    Stop("consent record", "member", "{photo delivered}consent/record/"),
    Stop("consent record, withdrawn", "member", "{photo withdrawn}consent/record/"),
    Stop("consents, empty", "newcomer", "/consents/"),
    Stop("consents", "member", "/consents/"),
    Stop("consent for several", "member", "{consent many}"),
    Stop("restore several", "member", "{batch}"),
    Stop("job, stop waiting", "member", "{job under_way}stop/"),
    Stop("download", "member", "{job delivered}download/"),
    Stop("not them", "member", "{job delivered}not-them/"),
    Stop("share", "member", "{job delivered}share/"),
    Stop("share, none yet", "member", "{job other}share/"),
    Stop("shared links, empty", "newcomer", "/links/"),
    Stop("shared links", "member", "/links/"),
    Stop("wallet, empty", "newcomer", "/wallet/"),
    Stop("wallet", "member", "/wallet/"),
    Stop("wallet, a month to print", "member", "{month}"),
    Stop("top-up, not paid yet", "member", "{top-up open}"),
    Stop("top-up, paid", "member", "{top-up paid}"),
    Stop("all my data", "member", "/account/data/"),
    Stop("close the account", "member", "/account/delete/"),
    Stop("e-mail addresses", "member", "/accounts/email/"),
    Stop("password", "member", "/accounts/password/change/"),
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
    Stop("desk, refund", "clerk", "{desk refund}"),
    Stop("desk, corrections", "clerk", "/desk/corrections/"),
    Stop("desk, overview", "clerk", "/desk/overview/"),
    Stop("desk, prices", "clerk", "/desk/prices/"),
    Stop("desk, publish a price", "clerk", "/desk/prices/gfpgan/"),
    Stop("desk, reconciliation", "clerk", "/desk/reconciliation/"),
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
    Stop("review figures", "reviewer", "/desk/review/figures/"),
    Stop("notices", "admin", "/desk/notices/"),
    Stop("notice", "admin", "/desk/notices/1/"),
    Stop("notice draft", "admin", "{notice draft}"),
    # --- When something is wrong ---
    Stop("403", "member", "/desk/", status=403),
    Stop("404", "stranger", "/no/such/page/", status=404),
    Stop("405", "stranger", "/photos/upload/one/", status=405),
]

# --- Where it stops in German, too -------------------------------------------------------------
# Its words are longer: what members see most, and where staff have least room.
IN_GERMAN = frozenset(
    {
        "front",
        "sign up",
        "gallery",
        "photo, delivered",
        "photo, asked",
        "photo, under way",
        "consent",
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
            "keepsake_file",
            "mfa_download_recovery_codes",
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
