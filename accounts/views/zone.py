"""The member's time zone, to choose."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import zones
from accounts.members import member_of
from accounts.models import User


class ZoneForm(forms.Form):
    """One of the places, UTC, or the name that the member has already."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("In it you read the times on your pages and in e-mails.")
    )

    def __init__(self, member: User, data: object = None) -> None:
        super().__init__(data, initial={"time_zone": member.time_zone or "UTC"})  # type: ignore[arg-type]
        field, mine = self.fields["time_zone"], member.time_zone
        assert isinstance(field, forms.ChoiceField)
        offered = zones.choices()
        has_mine = not mine or mine in dict(offered)
        field.choices = offered if has_mine else [(mine, mine), *offered]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def time_zone(request: HttpRequest) -> HttpResponse:
    member = member_of(request)
    form = ZoneForm(member, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        member.time_zone = form.cleaned_data["time_zone"]
        member.save(update_fields=["time_zone"])
        messages.success(request, gettext("Saved."))
        return redirect("time_zone")
    status = 422 if form.errors else 200
    return render(request, "account/time_zone.html", {"form": form}, status=status)
