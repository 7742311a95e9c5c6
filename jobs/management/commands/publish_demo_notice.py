"""The sandbox's second version of the notice, where its house can send to fal.ai as well."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.roles import staff_with
from jobs import notices, vendors

FAL = (
    "If Pixazo can't be used. CodeFormer can run at fal.ai, too. Only if you tick it, the same "
    "copy may go to fal.ai instead, over the same kind of address. We ask fal.ai to store nothing. "
    "What it may still hold of a copy that was already sent, we can't erase for you either.\n"
)


class Command(BaseCommand):
    help = "Publish a notice that names every vendor of the sandbox (once, after the first)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("In a house with real members, staff publish the notice.")
        now = notices.newest()
        if now is None or now.version > 1 or "fal" not in vendors.reachable():
            return  # of a later version staff are the authors
        editor = staff_with("jobs.publish_notice").earliest("pk")
        draft = notices.start(by=editor)
        draft = notices.edit(
            draft=draft,
            by=editor,
            title=now.title,
            text=f"{now.text}\n{FAL}",
            seen=draft.edited_at,
        )
        notices.publish(
            draft=draft,
            by=editor,
            seen_sha256=notices.draft_sha256(draft),
            seen_version=now.version,
        )
