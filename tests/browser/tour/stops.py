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
    Stop("job, stop waiting", "member", "{job under_way}stop/"),
    Stop("download", "member", "{job delivered}download/"),
    Stop("wallet, empty", "newcomer", "/wallet/"),
    Stop("wallet", "member", "/wallet/"),
    Stop("all my data", "member", "/account/data/"),
    Stop("close the account", "member", "/account/delete/"),
    Stop("e-mail addresses", "member", "/accounts/email/"),
    Stop("password", "member", "/accounts/password/change/"),
    Stop("two factors", "member", "/accounts/2fa/"),
    Stop("sign out", "member", "/accounts/logout/"),
    # --- Staff ---
    Stop("desk", "clerk", "/desk/"),
    Stop("desk, find a member", "clerk", "/desk/members/?q=family"),
    Stop("desk, nobody found", "clerk", "/desk/members/?q=nobody-like-this"),
    Stop("desk, member", "clerk", "{desk member}"),
    Stop("desk, transfers", "clerk", "{desk member}transfers/"),
    Stop("desk, adjust", "clerk", "{desk member}adjust/"),
    Stop("desk, corrections", "clerk", "/desk/corrections/"),
    Stop("desk, overview", "clerk", "/desk/overview/"),
    Stop("desk, prices", "clerk", "/desk/prices/"),
    Stop("desk, publish a price", "clerk", "/desk/prices/gfpgan/"),
    Stop("desk, reconciliation", "clerk", "/desk/reconciliation/"),
    Stop("desk, job delivered", "clerk", "{desk job delivered}"),
    Stop("desk, job failed", "clerk", "{desk job failed}"),
    Stop("desk, job under way", "clerk", "{desk job under_way}"),
    Stop("desk, gateway", "clerk", "/desk/gateway/"),
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
]
