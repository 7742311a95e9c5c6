"""Rows read so that one that can't be read hides no other.

SQLite takes any value into any column, and PostgreSQL knows times that Python doesn't ("infinity").
Django then fails at the whole query, or hands the value on as something else than the column holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import DatabaseError, models
from django.db.models import Field, Func, Model, QuerySet

Row = TypeVar("Row", bound=Model)
ROWS_IN_A_QUERY = 2_000
# What Django's converters raise; of a time that is none, that None has no zone.
CANNOT_BE_READ = (TypeError, ValueError, AttributeError, ArithmeticError, DatabaseError)
HOLDS: tuple[tuple[type[Field[Any, Any]], type], ...] = (  # the special kind before the general
    (models.UUIDField, uuid.UUID),
    (models.DateTimeField, datetime),
    (models.DateField, date),
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.CharField, str),
    (models.TextField, str),
)


@dataclass(frozen=True)
class Lost:
    """A row that is there and can't be read, and the columns that hold something else."""

    pk: Any
    columns: Sequence[str]

    def __str__(self) -> str:
        return f"can't be read: {', '.join(self.columns)}"


def read(rows: QuerySet[Row], *, beside: Sequence[str] = ()) -> tuple[list[Row], list[Lost]]:
    """Those that hold what their columns are for, in their order, and those that don't.

    `beside` names the relations that were selected as well. One query; when that fails, one for
    each row, and for each column of those that can't be read.
    """
    whole, lost = [], []
    for pk, row in _each(rows):
        wrong = _unread(rows.model, pk, beside) if row is None else _wrong(row, beside)
        if row is None or wrong:
            lost.append(Lost(pk, wrong))
        else:
            whole.append(row)
    return whole, lost


def first(
    rows: QuerySet[Row], most: int, *, beside: Sequence[str] = ()
) -> tuple[list[Row], list[Lost], bool]:
    """The first so many of an ordered query, `read`, and whether there are more; two queries."""
    keys = list(rows.values_list("pk", flat=True)[: most + 1])
    whole, lost = read(rows.filter(pk__in=keys[:most]), beside=beside)
    return whole, lost, len(keys) > most


def in_batches(rows: QuerySet[Row]) -> Iterator[tuple[list[Row], list[Lost]]]:
    """The same for a whole table whose key is a number, in the order of that."""
    last = 0
    while True:
        keys = rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        some = list(keys[:ROWS_IN_A_QUERY])
        if not some:
            return
        yield read(rows.filter(pk__gt=last, pk__lte=some[-1]).order_by("pk"))
        last = some[-1]


class Stored(Func):
    """A column's own bytes, whatever they are, in hex; `told` makes words of them."""

    function = "HEX"
    output_field = models.CharField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "encode(convert_to((%(expressions)s)::text, 'UTF8'), 'hex')"
        return self.as_sql(compiler, connection, template=template, **context)


def told(stored: str) -> str:
    """Of a `Stored` column; what is no text is shown as `\\xff`."""
    return bytes.fromhex(stored or "").decode(errors="backslashreplace")


def named(stored: str) -> str:
    """A row's UUID from a `Stored` column, as it is always written, if it is one."""
    words = told(stored)
    try:
        return str(uuid.UUID(words))
    except ValueError:
        return words


def _each(rows: QuerySet[Row]) -> list[tuple[Any, Row | None]]:
    try:
        return [(row.pk, row) for row in rows]
    except CANNOT_BE_READ:
        return [(pk, _one(rows, pk)) for pk in list(rows.values_list("pk", flat=True))]


def _one(rows: QuerySet[Row], pk: Any) -> Row | None:
    try:
        return rows.get(pk=pk)
    except CANNOT_BE_READ:
        return None


def _wrong(row: Model, beside: Sequence[str]) -> list[str]:
    """The columns of a row, and of those beside it, that hold what they are not for."""
    found = [
        field.name
        for field in row._meta.concrete_fields
        if field.attname in row.__dict__ and not _fits(field, getattr(row, field.attname))
    ]
    related = [(name, getattr(row, name)) for name in beside]
    return found + [
        f"{name}.{one}" for name, other in related if other for one in _wrong(other, ())
    ]


def _fits(field: Any, value: Any) -> bool:
    if value is None:
        return bool(field.null)
    while field.is_relation:
        field = field.target_field
    if isinstance(field, models.JSONField):
        wanted = type(field.get_default()) if field.has_default() else (list, dict)
        return isinstance(value, wanted)  # what is no JSON comes as the words that stand there
    return isinstance(value, next(type_ for kind, type_ in HOLDS if isinstance(field, kind)))


def _unread(model: type[Model], pk: Any, beside: Sequence[str]) -> list[str]:
    """Column by column, of a row that can't be read as a whole."""
    paths = [field.name for field in model._meta.concrete_fields]
    for name in beside:
        related: Any = model._meta.get_field(name).related_model
        paths += [f"{name}__{field.name}" for field in related._meta.concrete_fields]
    return [path.replace("__", ".") for path in paths if not _can_be_read(model, pk, path)]


def _can_be_read(model: type[Model], pk: Any, path: str) -> bool:
    try:
        list(model._default_manager.filter(pk=pk).values_list(path, flat=True))
    except CANNOT_BE_READ:
        return False
    return True
