"""The reader's language: a door for the switch at every page's foot, and the account's page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.i18n import LANGUAGE_QUERY_PARAMETER, set_language

from accounts.members import member_of
from accounts.views.pressed import pressed


@csrf_exempt
@pressed("front")
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Keeps the choice in a cookie, and a member's in their account as well; leads back.

    Django's own view sets the cookie, and leads nowhere but to this house. No token is asked for:
    it would set a cookie for everybody who only looks, and another site's form comes without the
    member's session (SameSite=Lax); all it could change is a visitor's language.
    """
    if request.user.is_authenticated:
        member_of(request).choose_language(request.POST.get(LANGUAGE_QUERY_PARAMETER, ""))
    return set_language(request)


@require_safe
@login_required
def language(request: HttpRequest) -> HttpResponse:
    return render(request, "account/language.html")
