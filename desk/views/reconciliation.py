"""The vendor's bill against our books: bring exports in, explain what differs, close days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.members import member_of
from accounts.models import User
from accounts.money import decimal_dollars
from accounts.spreadsheets import csv_download
from accounts.views.pressed import pressed
from desk import days
from desk.converters import ends_of, month_of
from desk.doors import staff_only
from desk.forms.usage import CloseForm, ExplanationForm, FalUsageForm, UsageForm
from jobs import reconciliation, vendors
from jobs.gateway import fal_usage
from jobs.gateway.sentences import Sentence
from jobs.models import Finding, FindingKind, UsageImport

IMPORTS_SHOWN = 20


@require_safe
@staff_only("jobs.view_finding")
def overview(request: HttpRequest) -> HttpResponse:
    return _overview(request, UsageForm())


@staff_only("jobs.add_usageimport")
@pressed("desk_reconciliation")
def take(request: HttpRequest) -> HttpResponse:
    """Bring an export in; what is wrong with it is said line by line."""
    form = UsageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _overview(request, form, status=422)
    said = form.cleaned_data
    file = said.pop("file")
    try:
        if file.size > settings.USAGE_MAX_BYTES:
            raise reconciliation.CannotImport(
                gettext("More than %(megabytes)s MB.")
                % {"megabytes": settings.USAGE_MAX_BYTES // 1_048_576}
            )
        done = reconciliation.import_usage(
            file_name=file.name, data=file.read(), by=member_of(request), **said
        )
    except reconciliation.CannotImport as problem:
        return _overview(request, form, problems=problem.problems, status=422)
    messages.success(request, _import_words(done))
    newest = done.usage_import.lines.order_by("-day").values_list("day", flat=True).first()
    shown = newest or said["last_day"]
    return redirect(
        f"{reverse('desk_reconciliation')}?month={shown:%Y-%m}"
        if shown
        else reverse("desk_reconciliation")
    )


@staff_only("jobs.add_usageimport")
@pressed("desk_reconciliation")
def compare_fal(request: HttpRequest) -> HttpResponse:
    """fal's account beside ours, day by day; it names no request, so nothing is kept of it."""
    form = FalUsageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _overview(request, UsageForm(), fal_form=form, status=422)
    file = form.cleaned_data["report"]
    try:
        if file.size > settings.USAGE_MAX_BYTES:
            raise fal_usage.UnreadableFalUsage(
                Sentence("More than %(megabytes)s MB.", megabytes=settings.USAGE_MAX_BYTES >> 20)
            )
        billed = fal_usage.read_usage(file.read())
    except fal_usage.UnreadableFalUsage as problem:
        form.add_error("report", problem.sentence.translated(gettext))
        return _overview(request, UsageForm(), fal_form=form, status=422)
    compared = days.compared_with_fal(billed)
    return _overview(request, UsageForm(), compared=compared, was_compared=True)


@require_safe
@staff_only("jobs.view_finding")
def day(request: HttpRequest, day: date) -> HttpResponse:
    return _day(request, day)


@staff_only("jobs.change_finding")
@pressed("desk_day", "day")
def explain(request: HttpRequest, day: date) -> HttpResponse:
    """One explanation closes every line that was ticked, or all open ones of the kind."""
    form = ExplanationForm(request.POST)
    if not form.is_valid():
        problems = [error for errors in form.errors.values() for error in errors]
        return _day(request, day, problems=problems, said=request.POST, status=422)
    said = form.cleaned_data
    by, explanation = member_of(request), said["explanation"]
    try:
        if said["all"]:
            count = reconciliation.explain_all(
                day=day, kind=said["kind"], by=by, explanation=explanation
            )
        else:
            count = _explain_ticked(day, said, by=by)
    except reconciliation.CannotExplain as problem:
        return _day(request, day, problems=[str(problem)], said=request.POST, status=422)
    messages.success(
        request,
        ngettext("%(count)d line is explained.", "%(count)d lines are explained.", count)
        % {"count": count},
    )
    return redirect("desk_day", day)


@staff_only("jobs.add_dayclose")
@pressed("desk_day", "day")
def close(request: HttpRequest, day: date) -> HttpResponse:
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _day(request, day, problems=form.errors["note"], status=422)
    try:
        reconciliation.close_day(day=day, by=member_of(request), note=form.cleaned_data["note"])
    except reconciliation.CannotClose as problem:
        return _day(request, day, problems=[str(problem)], status=422)
    messages.success(request, _("The day is closed."))
    return redirect("desk_day", day)


@require_safe
@staff_only("jobs.view_finding")
def findings_csv(request: HttpRequest) -> HttpResponseBase:
    """The findings of a month, with who explained them and how."""
    month = month_of(request.GET.get("month", ""), default=timezone.now().date())
    first, last = ends_of(month)
    header = ["day", "kind", "request_id", "member", "job", "expected", "billed", "import", "line"]
    header += ["explanation", "explained_by", "explained_at"]
    return csv_download(f"findings-{month:%Y-%m}.csv", header, _rows(first, last))


def _import_words(done: reconciliation.Imported) -> str:
    """ "22 lines are in. 9 findings (…: 1; …: 8)." """
    count, found = done.usage_import.line_count, done.found.total()
    words = ngettext("%(count)d line is in.", "%(count)d lines are in.", count) % {"count": count}
    if not found:
        return words
    of_each = [f"{kind.label}: {done.found[kind]}" for kind in FindingKind if done.found[kind]]
    findings = ngettext(
        "%(count)d finding (%(of_each)s).", "%(count)d findings (%(of_each)s).", found
    )
    return f"{words} {findings % {'count': found, 'of_each': '; '.join(of_each)}}"


def _explain_ticked(day: date, said: dict[str, Any], *, by: User) -> int:
    """How many; all of those that were ticked, or none."""
    ticked = Finding.objects.unexplained().filter(
        day=day, kind=said["kind"], pk__in=said["finding"]
    )
    findings = list(ticked)
    if not findings:
        raise reconciliation.CannotExplain(_("Please tick a line that is still open."))
    with transaction.atomic():
        for finding in findings:
            reconciliation.explain(finding=finding, by=by, explanation=said["explanation"])
    return len(findings)


def _rows(first: date, last: date) -> Iterator[list[object]]:
    findings = Finding.objects.filter(day__range=(first, last)).select_related(
        "attempt__job__owner", "line__usage_import", "closed_by"
    )
    for finding in findings.order_by("day", "kind", "pk").iterator():
        job = finding.attempt.job if finding.attempt else None
        line = finding.line
        yield [
            finding.day,
            finding.kind,
            finding.request_id,
            job.owner.email if job else "",
            job.pk if job else "",
            decimal_dollars(finding.expected_micros),
            decimal_dollars(finding.billed_micros),
            line.usage_import.file_name if line else "",
            line.number if line else "",
            finding.explanation,
            finding.closed_by.email if finding.closed_by else "",
            finding.closed_at.astimezone(UTC).isoformat() if finding.closed_at else "",
        ]


def _overview(
    request: HttpRequest,
    form: UsageForm,
    *,
    problems: list[str] | tuple[str, ...] = (),
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    month = month_of(request.GET.get("month", ""), default=timezone.now().date())
    first, last = ends_of(month)
    context = {
        "fal_form": FalUsageForm(),
        **context,
        "form": form,
        "problems": problems,
        "month": month,
        "earlier": first - timedelta(days=1),
        "later": last + timedelta(days=1) if last < timezone.now().date() else None,
        "sheets": days.sheets(first, last),
        "other_vendors": days.elsewhere(first, last),
        "asks_fal": "fal" in vendors.reachable(),
        "elsewhere": [(at, count) for at, count in days.open_by_month() if at != first],
        "imports": UsageImport.objects.select_related("imported_by")[:IMPORTS_SHOWN],
    }
    return render(request, "desk/reconciliation.html", context, status=status)


def _day(
    request: HttpRequest,
    day: date,
    *,
    problems: Any = (),
    said: Any = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "day": day,
        "sheet": days.sheet(day),
        "groups": days.groups(day),
        "is_over": days.is_over(day, timezone.now()),
        "form": CloseForm(),
        "problems": problems,
        "said": said,
        "ticked": said.getlist("finding") if said else [],
    }
    return render(request, "desk/day.html", context, status=status)
