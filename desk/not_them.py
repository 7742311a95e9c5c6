"""Where models fail families: results that were not the person, by model and by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, Sum

from accounts.models import Transfer, TransferKind
from jobs.catalog import MODELS
from jobs.models import NotThem, NotThemReason, RestorationJob
from jobs.states import JobState

WORDS_SHOWN = 50


@dataclass(frozen=True)
class ModelTally:
    """One model's results of a period: how many, how many of them were not the person, and why.

    `tries` are the free restorations that it made in another's stead.
    """

    name: str
    delivered: int
    reasons: dict[str, int]
    tries: int

    @property
    def doubted(self) -> int:
        return sum(self.reasons.values())


@dataclass(frozen=True)
class Figures:
    """All of the page; `waived_micros` is what members would have paid for the free ones."""

    models: list[ModelTally]
    waived_micros: int
    newest: list[NotThem]

    @property
    def count(self) -> int:
        return sum(one.doubted for one in self.models)

    @property
    def delivered(self) -> int:
        return sum(one.delivered for one in self.models)

    @property
    def by_reason(self) -> list[tuple[str, list[int], int]]:
        """A row for each reason: its words, how often for each of the models, and in all."""
        rows = []
        for reason in NotThemReason:
            counts = [one.reasons.get(reason, 0) for one in self.models]
            rows.append((str(reason.label), counts, sum(counts)))
        return rows


def figures(since: datetime) -> Figures:
    """Five queries, however many there are."""
    said = NotThem.objects.filter(said_at__gte=since)
    cells = list(
        said.annotate(model=F("rerun__instead_of__model_key"))
        .values_list("model", "reason")
        .annotate(count=Count("pk"))
        .order_by()
    )
    tries = _counts(said.values_list("rerun__model_key"))
    delivered = _counts(
        RestorationJob.objects.filter(state=JobState.DELIVERED, ended_at__gte=since).values_list(
            "model_key"
        )
    )
    waived = Transfer.objects.filter(created_at__gte=since).aggregate(
        given=Sum("amount_micros", filter=Q(kind=TransferKind.WAIVED), default=0),
        back=Sum("amount_micros", filter=Q(kind=TransferKind.UNWAIVED), default=0),
    )
    newest = said.select_related("rerun__instead_of", "rerun__owner").order_by("-said_at", "-pk")
    return Figures(
        models=[
            ModelTally(
                name=model.name,
                delivered=delivered.get(key, 0),
                reasons={reason: count for of, reason, count in cells if of == key},
                tries=tries.get(key, 0),
            )
            for key, model in MODELS.items()
        ],
        waived_micros=waived["given"] - waived["back"],
        newest=list(newest[:WORDS_SHOWN]),
    )


def _counts(keys: Iterable[object]) -> dict[str, int]:
    return dict(keys.annotate(count=Count("pk")).order_by())  # type: ignore[attr-defined]
