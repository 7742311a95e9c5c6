"""The consent notice: its versions, which never change, and the drafts of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import languages
from accounts.members import member_of
from desk.doors import staff_only
from desk.forms.notices import DraftForm, PublishForm
from jobs import notices, vendors
from jobs.catalog import VENDORS
from jobs.models import ConsentCheck, ConsentNotice, NoticeDraft
from jobs.models.notice import InLanguages, NoticeText
from jobs.notices import Paragraph

PERMISSION = "jobs.publish_notice"


@dataclass(frozen=True)
class Reading:
    """One language of a notice: what is read now, and what was in the version before."""

    language: str
    now: NoticeText | None
    before: NoticeText | None

    @property
    def name(self) -> str:
        return languages.name_of(self.language)

    @property
    def is_same(self) -> bool:
        return _said(self.now) == _said(self.before)

    @property
    def titles(self) -> Sequence[Paragraph]:
        return notices.difference(_said(self.before)[0], _said(self.now)[0])

    @property
    def paragraphs(self) -> Sequence[Paragraph]:
        return notices.difference(_said(self.before)[1], _said(self.now)[1])


def _said(text: NoticeText | None) -> tuple[str, str]:
    return (text.title, text.text) if text else ("", "")


def _readings(now: InLanguages, before: InLanguages | None) -> list[Reading]:
    """Of every language in which one of them stands, the house's own first."""
    after = {one.language: one for one in now.texts}
    was = {one.language: one for one in before.texts} if before else {}
    return [Reading(code, after.get(code), was.get(code)) for code in dict.fromkeys([*after, *was])]


@require_safe
@staff_only(PERMISSION)
def versions(request: HttpRequest) -> HttpResponse:
    context = {
        "versions": ConsentNotice.objects.select_related("published_by"),
        "drafts": NoticeDraft.objects.select_related("edited_by"),
        "checked": ConsentCheck.objects.first(),
    }
    return render(request, "desk/notices.html", context)


@require_safe
@staff_only(PERMISSION)
def version(request: HttpRequest, version: int) -> HttpResponse:
    """One version, and what it changed of the one before."""
    notice = get_object_or_404(
        ConsentNotice.objects.select_related("published_by"), version=version
    )
    before = ConsentNotice.objects.filter(version__lt=version).first()
    context = {
        "notice": notice,
        "before": before,
        "readings": _readings(notice, before),
    }
    return render(request, "desk/notice.html", context)


@require_POST
@staff_only(PERMISSION)
def start(request: HttpRequest) -> HttpResponse:
    """A new draft with the newest version's words."""
    return redirect("desk_notice_draft", notices.start(by=member_of(request)).pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION)
def draft(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Edit a draft; below stands how a member would read it, and what would be different."""
    found = _draft(draft_id)
    if found is None:
        return _gone(request)
    if request.method != "POST":
        return _page(request, found)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    said = form.cleaned_data
    try:
        notices.edit(
            draft=found,
            by=member_of(request),
            title=said["title"],
            text=said["text"],
            translations=form.translations,
            seen=said["seen"],
        )
    except notices.CannotPublish as problem:
        form.add_error(None, str(problem))
        return _page(request, found, form=form, status=422)
    messages.success(request, _("Saved. Nobody reads it before it is published."))
    return redirect("desk_notice_draft", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION)
def publish(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Out for good, as the next version."""
    found = _draft(draft_id)
    if found is None:
        return _gone(request)
    if request.method != "POST":
        return redirect("desk_notice_draft", found.pk)
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, found, confirm=form, status=422)
    said = form.cleaned_data
    try:
        notice = notices.publish(
            draft=found,
            by=member_of(request),
            seen_sha256=said["sha256"],
            seen_version=said["version"],
        )
    except notices.CannotPublish as problem:
        messages.error(request, str(problem))
        return redirect("desk_notice_draft", found.pk)
    messages.success(
        request,
        _("Version %(version)d is published. Members read it from now on.")
        % {"version": notice.version},
    )
    return redirect("desk_notice", notice.version)


@require_POST
@staff_only(PERMISSION)
def discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    if found := _draft(draft_id):
        notices.discard(draft=found)
        messages.info(request, _("The draft is thrown away."))
    return redirect("desk_notices")


def _draft(draft_id: int) -> NoticeDraft | None:
    return NoticeDraft.objects.select_related("edited_by").filter(pk=draft_id).first()


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("Somebody else published or discarded this draft meanwhile."))
    return redirect("desk_notices")


def _page(
    request: HttpRequest,
    draft: NoticeDraft,
    *,
    form: DraftForm | None = None,
    confirm: PublishForm | None = None,
    status: int = 200,
) -> HttpResponse:
    newest = notices.newest()
    version = newest.version if newest else 0
    shown = {"sha256": notices.draft_sha256(draft), "version": version}
    readings = _readings(draft, newest)
    own = next(one for one in readings if one.language == settings.LANGUAGE_CODE)
    context = {
        "draft": draft,
        "obstacle": notices.obstacle(draft.texts),
        "unnamed": [
            VENDORS[vendor]
            for vendor in vendors.reachable()
            if vendor not in vendors.to_ask_about(draft.text)
        ],
        "newest": newest,
        "next_version": version + 1,
        "form": form or DraftForm(draft=draft),
        "confirm": confirm or PublishForm(initial=shown),
        "readings": readings,
        "untranslated": [
            name for code, name in languages.others() if code not in draft.translations
        ],
        "left_as_it_was": [
            one.name for one in readings if one.now and one.is_same and not own.is_same
        ],
        "is_same": notices.is_same(newest, draft),
    }
    return render(request, "desk/notice_draft.html", context, status=status)
