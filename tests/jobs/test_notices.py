"""jobs.notices: drafts are edited, versions are for ever, and two at once publish one."""

from __future__ import annotations

import contextlib

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditEntry, User
from jobs import notices
from jobs.models import ConsentNotice, NoticeDraft
from tests.builders import make_member, publish_notice, the_notice
from tests.racing import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> User:
    the_notice()
    return make_member(micros=0, is_staff=True)


def drafted(editor: User, text: str = "Something new from Pixazo.") -> NoticeDraft:
    draft = notices.start(by=editor)
    return notices.edit(draft=draft, by=editor, title=draft.title, text=text, seen=draft.edited_at)


def publish(draft: NoticeDraft, by: User, *, version: int | None = None) -> ConsentNotice:
    return notices.publish(
        draft=draft,
        by=by,
        seen_sha256=notices.draft_sha256(draft),
        seen_version=notices.newest_version() if version is None else version,
    )


def test_a_draft_begins_with_the_newest_words_and_changes_no_version(editor: User):
    before = the_notice()
    draft = notices.start(by=editor)
    assert (draft.title, draft.text) == (before.title, before.text)
    drafted(editor)
    assert notices.newest() == before


def test_a_draft_that_is_published_is_the_next_version_and_gone(editor: User):
    before = notices.newest_version()
    notice = publish(drafted(editor), editor)
    assert (notice.version, notice.published_by) == (before + 1, editor)
    assert notice.sha256 == notices.sha256_of("Something new from Pixazo.\n")
    assert not NoticeDraft.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action) == (editor, "notice.publish")


def test_a_version_can_neither_be_changed_nor_deleted():
    notice = publish_notice()
    for sql in (
        f"UPDATE jobs_consentnotice SET text = 'x' WHERE id = {notice.pk}",
        f"DELETE FROM jobs_consentnotice WHERE id = {notice.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_what_the_page_did_not_show_is_not_published(editor: User):
    draft = drafted(editor)
    stale = notices.draft_sha256(draft)
    notices.edit(draft=draft, by=editor, title="T", text="Other words.", seen=draft.edited_at)
    with pytest.raises(notices.CannotPublish, match="changed meanwhile"):
        notices.publish(
            draft=draft, by=editor, seen_sha256=stale, seen_version=notices.newest_version()
        )


def test_a_difference_that_was_to_another_version_is_looked_at_again(editor: User):
    draft, seen = drafted(editor), notices.newest_version()
    publish_notice()
    with pytest.raises(notices.CannotPublish, match="published meanwhile"):
        publish(draft, editor, version=seen)


@pytest.mark.parametrize("text", ["We send it to somebody.", "We send it to fal.ai."])
def test_a_text_beside_which_nobody_could_be_asked_is_not_published(editor: User, text: str):
    draft, before = drafted(editor, text), notices.newest_version()
    with pytest.raises(notices.CannotPublish, match="does not name Pixazo"):
        publish(draft, editor)
    assert notices.newest_version() == before
    assert NoticeDraft.objects.filter(pk=draft.pk).exists()


@pytest.mark.parametrize("text", [None, "", "  \n "])
def test_nothing_new_and_nothing_at_all_are_not_published(editor: User, text: str | None):
    draft = notices.start(by=editor)
    if text is not None:
        NoticeDraft.objects.filter(pk=draft.pk).update(text=text)
        draft.refresh_from_db()
    with pytest.raises(notices.CannotPublish):
        publish(draft, editor)


def test_two_who_edit_one_draft_do_not_write_over_each_other(editor: User):
    draft = notices.start(by=editor)
    opened = draft.edited_at
    notices.edit(draft=draft, by=editor, title="T", text="First.", seen=opened)
    with pytest.raises(notices.CannotPublish):
        notices.edit(draft=draft, by=make_member(), title="T", text="Second.", seen=opened)
    draft.refresh_from_db()
    assert draft.text == "First.\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("drafts", [1, 2])
def test_of_two_who_publish_at_once_one_is_told(drafts: int):
    """The same draft, or two of them."""
    the_notice()
    people = [make_member(micros=0), make_member(micros=0)]
    made = [drafted(people[0], f"Text {number} of Pixazo.") for number in range(drafts)]
    seen = notices.newest_version()
    published: list[ConsentNotice] = []

    def act(number: int) -> None:
        with contextlib.suppress(notices.CannotPublish):
            published.append(publish(made[number % drafts], people[number], version=seen))

    at_once(2, act)
    assert [notice.version for notice in published] == [seen + 1]
    assert ConsentNotice.objects.filter(version__gt=seen).count() == 1


# --- The difference -------------------------------------------------------------------------
def test_the_difference_is_told_word_by_word_within_a_paragraph():
    (changed,) = notices.difference("We keep it for ever.", "We keep it for a year.")
    assert changed.kind == "changed"
    assert [(piece.kind, piece.words) for piece in changed.pieces] == [
        ("same", "We keep it for "),
        ("gone", "ever."),
        ("new", "a year."),
    ]


def test_a_paragraph_that_came_or_went_is_one_piece_and_line_ends_are_no_difference():
    found = notices.difference("One.\n\nTwo.\n\nThree.", "One.\r\n\r\nThree.\n\nFour\nlines.")
    assert [(paragraph.kind, paragraph.pieces[0].words) for paragraph in found] == [
        ("same", "One."),
        ("gone", "Two."),
        ("same", "Three."),
        ("new", "Four lines."),
    ]
