"""`manage.py messages`: every marked string is found, and the catalogues have all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from restoration_site.management.commands import messages


def test_no_string_waits_for_its_translation():
    call_command("messages", check=True)


@pytest.fixture
def house(settings: Any, tmp_path: Path) -> Path:
    """A house of two files and one other language."""
    (tmp_path / "jobs" / "migrations").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "jobs" / "words.py").write_text(
        "from x import gettext as _, gettext_lazy as lazy, gettext_noop, ngettext\n"
        '_("plain")\nlazy("lazy")\nkept(gettext_noop("kept %(what)s"))\n'
        'ngettext("%(n)d photo", "%(n)d photos", 2)\n# Translators: a note\n_("with a note")\n'
        'nothing("not marked")\n'
    )
    (tmp_path / "jobs" / "migrations" / "0001.py").write_text('_("of a migration")')
    (tmp_path / "templates" / "page.html").write_text(
        "{% load i18n %}\n  {% translate 'in a template' %}"
        "{% blocktranslate count n=n %}one {{ n }}{% plural %}many {{ n }}{% endblocktranslate %}"
        '<p aria-label="{% translate "in an attribute" %}">{{ x|default:_("in a filter") }}</p>'
    )
    settings.BASE_DIR = tmp_path
    return tmp_path


def marked() -> set[Any]:
    return {message.id for message in messages.everything_marked() if message.id}


def test_marks_are_found_in_python_and_in_templates(house: Path):
    assert marked() == {
        "plain",
        "lazy",
        "kept %(what)s",
        ("%(n)d photo", "%(n)d photos"),
        "with a note",
        "in a template",
        ("one %(n)s", "many %(n)s"),
        "in an attribute",
        "in a filter",
    }


def test_it_writes_what_is_new_takes_out_what_is_gone_and_keeps_what_is_translated(house: Path):
    call_command("messages", verbosity=0)
    (po,) = messages.po_files()
    written = po.read_text()
    assert 'msgid "plain"\nmsgstr ""' in written
    assert "#. Translators: a note" in written
    assert "#: jobs/words.py\n" in written  # no line's number, or every change would touch it
    po.write_text(written.replace('msgid "plain"\nmsgstr ""', 'msgid "plain"\nmsgstr "schlicht"'))
    (house / "jobs" / "words.py").write_text('_("plain")\n_("new")\n')
    call_command("messages", verbosity=0)
    again = po.read_text()
    assert 'msgid "plain"\nmsgstr "schlicht"' in again
    assert 'msgid "new"' in again
    assert "lazy" not in again


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("schlicht", ""), "not translated: 'plain'"),
        (("Hallo %(name)s", "Hallo"), "became"),
        (("Hallo %(name)s", "Hallo %(nam)s"), "unknown named placeholder"),
        (("<b>fett</b>", "<i>fett</i>"), "became"),
        (("schlicht", "einfach"), "run `make messages`"),
    ],
)
def test_the_check_says_what_is_missing_wrong_or_stale(
    house: Path, change: tuple[str, str], why: str
):
    for file in ("templates/page.html", "jobs/words.py"):
        (house / file).write_text("")
    (house / "jobs" / "words.py").write_text('_("plain")\n_("Hello %(name)s")\n_("<b>bold</b>")\n')
    call_command("messages", verbosity=0)
    (po,) = messages.po_files()
    text = po.read_text().replace('msgid "plain"\nmsgstr ""', 'msgid "plain"\nmsgstr "schlicht"')
    text = text.replace(
        'msgid "Hello %(name)s"\nmsgstr ""', 'msgid "Hello %(name)s"\nmsgstr "Hallo %(name)s"'
    )
    text = text.replace(
        'msgid "<b>bold</b>"\nmsgstr ""', 'msgid "<b>bold</b>"\nmsgstr "<b>fett</b>"'
    )
    po.write_text(text)
    call_command("messages", verbosity=0)
    call_command("messages", check=True)
    po.write_text(po.read_text().replace(*change))
    with pytest.raises(CommandError, match=why):
        call_command("messages", check=True)


def test_each_language_but_the_first_has_its_catalogue():
    assert [po.parent.parent.name for po in messages.po_files()] == [
        code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE
    ]
