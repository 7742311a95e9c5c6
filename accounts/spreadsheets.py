"""Tables as CSV files that a spreadsheet can open without harm.

A cell that begins like a formula would be run by the spreadsheet of whoever opens the file, and a
photo's title is anybody's words. defusedcsv disarms what begins with = + - @ | or %; white space
and the full-width forms, behind which a formula can hide, are made plain first (OWASP, "CSV
Injection"), and letters that turn a line's direction are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from defusedcsv import csv
from django.http import StreamingHttpResponse

from accounts.reading import on_record
from accounts.words import straight

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as something else
PLAIN_FORMS = str.maketrans("＝＋－＠｜％", "=+-@|%")


class Line:
    """What the csv writer takes for a file: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV file, RFC 4180, one after the other.

    They are for machines: the same in whichever language somebody asks.
    """
    writer = csv.writer(Line())
    with on_record():
        yield BYTE_ORDER_MARK + writer.writerow(header)
        for row in rows:
            yield writer.writerow([_plain(cell) for cell in row])


def csv_download(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """A download called `name`, sent line by line, however long."""
    return StreamingHttpResponse(
        csv_lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _plain(cell: object) -> object:
    return (
        straight(" ".join(cell.split())).translate(PLAIN_FORMS) if isinstance(cell, str) else cell
    )
