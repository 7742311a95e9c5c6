"""`manage.py messages`: takes marked strings into `locale/*/LC_MESSAGES/django.po`, and compiles.

What Django's `makemessages` and `compilemessages` do with GNU gettext, done with Babel, which pip
brings: so it runs wherever the tests run, and a test can say what is missing (`--check`). Django
turns a template into something to scan, as it does for `makemessages`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import templatize

ROOMS = ("accounts", "desk", "jobs", "restoration_site", "templates")
SCANNED = {".py": "python", ".html": "template", ".txt": "template"}
MARKS: dict[str, Any] = {
    "_": None,
    "lazy": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NOTES = ["Translators:"]  # a comment that begins so stands above its string in the .po file
# What a translation must have as its original has it: placeholders and tags.
KEPT = (re.compile(r"%\(\w+\)[a-z]|%[sd%]|\{\w*\}"), re.compile(r"<[^>]+>"))
WIDTH = 100
HEADER = "# Every word of Heirloom. `make messages` adds what is new and takes out what is gone."


class Command(BaseCommand):
    help = "Takes marked strings into the languages' .po files, and compiles these."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; fail if a file is not what would be written, or lacks a string",
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        marked = everything_marked()
        catalogs = {po: brought_up_to_date(po, marked) for po in po_files()}
        if (said_otherwise := po_of(settings.LANGUAGE_CODE)).exists():
            catalogs[said_otherwise] = as_written(said_otherwise)
        wrong = []
        for po, catalog in catalogs.items():
            if check:
                wrong += [f"{po}: {fault}" for fault in faults(po, catalog)]
                continue
            po.write_bytes(as_po(catalog))
            po.with_suffix(".mo").write_bytes(as_mo(catalog))
            missing = list(untranslated(catalog))
            self.stdout.write(f"{po}: {len(catalog)} strings, {len(missing)} to translate.")
        if wrong:
            raise CommandError("\n".join(wrong))


def po_files() -> list[Path]:
    """One for each language but the one that the strings are written in."""
    return [po_of(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def po_of(code: str) -> Path:
    """In the strings' own language: what other libraries say that we say otherwise, by hand."""
    return Path(settings.BASE_DIR) / "locale" / code / "LC_MESSAGES" / "django.po"


def as_written(po: Path) -> Catalog:
    with po.open("rb") as opened:
        return read_po(opened)


def everything_marked() -> Catalog:
    """All strings of the site that are marked for translation, each with the files it stands in."""
    marked = Catalog(charset="utf-8")
    for file in sorted(scanned_files()):
        place = file.relative_to(settings.BASE_DIR).as_posix()
        source = file.read_text()
        if SCANNED[file.suffix] == "template":
            # Only its marks are Python: its indentation is not.
            scannable = templatize(source, origin=place)
            source = "\n".join(line.lstrip() for line in scannable.splitlines())
        for line, words, notes, context in extract(
            "python", BytesIO(source.encode()), MARKS, NOTES, {"encoding": "utf-8"}
        ):
            marked.add(words, locations=[(place, line)], auto_comments=notes, context=context)
    return marked


def scanned_files() -> Iterator[Path]:
    for room in ROOMS:
        for file in (settings.BASE_DIR / room).rglob("*"):
            if file.suffix in SCANNED and "migrations" not in file.parts:
                yield file


def brought_up_to_date(po: Path, marked: Catalog) -> Catalog:
    """What the file says, with new strings added and those that are used no longer left out."""
    if po.exists():
        catalog = as_written(po)
    else:
        catalog = Catalog(
            locale=po.parent.parent.name,
            project="Heirloom",
            header_comment=HEADER,
            charset="utf-8",
            fuzzy=False,
        )
        po.parent.mkdir(parents=True, exist_ok=True)
    # No guesses: a string whose English changed is translated anew.
    catalog.update(marked, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def untranslated(catalog: Catalog) -> Iterator[str]:
    for message in catalog:
        if message.id and (message.fuzzy or not all(_forms(message.string))):
            yield _forms(message.id)[0]


def faults(po: Path, catalog: Catalog) -> Iterator[str]:
    """What `--check` finds."""
    for words in untranslated(catalog):
        yield f"not translated: {words!r}"
    for message in catalog:
        if message.id and all(_forms(message.string)):
            yield from (f"{message.id!r}: {problem}" for problem in message.check(catalog))
            yield from (f"{message.id!r}: {problem}" for problem in _left_out(message))
    compiled = po.with_suffix(".mo")
    stale = not po.exists() or po.read_bytes() != as_po(catalog)
    if stale or not compiled.exists() or compiled.read_bytes() != as_mo(catalog):
        yield "is not up to date: run `make messages`"


def _left_out(message: Message) -> Iterator[str]:
    """Babel tells of what a translation has too much; here is what it lacks.

    Of the forms of a plural the first may say its number in words.
    """
    original, translated = _forms(message.id)[-1], _forms(message.string)
    for pattern in KEPT:
        wanted = Counter(pattern.findall(original))
        for number, form in enumerate(translated):
            found = Counter(pattern.findall(form))
            if found != wanted and (number == len(translated) - 1 or found - wanted):
                yield f"{sorted(wanted.elements())} became {sorted(found.elements())}"


def _forms(words: Any) -> Sequence[str]:
    return words if isinstance(words, list | tuple) else (words,)


def as_po(catalog: Catalog) -> bytes:
    """Each string with the files it stands in, not their lines: it changes only when words do."""
    written = BytesIO()
    write_po(written, catalog, width=WIDTH, sort_by_file=True, include_lineno=False)
    return written.getvalue()


def as_mo(catalog: Catalog) -> bytes:
    written = BytesIO()
    write_mo(written, catalog)
    return written.getvalue()
