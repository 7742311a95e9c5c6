"""The price list: what each model costs from when on, how a price is changed, how long one holds.

A page shows the prices in force and carries, for each, a token that names the row. What was shown
stays valid: with its token an order is placed at that price for `QUOTE_VALID_SECONDS`, whatever
was published meanwhile.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.money import dollars, dollars_on_record
from accounts.words import said
from jobs import catalog
from jobs.models import Price

MOST_MICROS = 1_000_000_000  # a thousand dollars for one unit: beyond it somebody mistyped
MOST_REASON_LETTERS = 500


class CannotPublish(Exception):
    """The price list stays as it is. The message is for the person who tried."""


class NothingChanges(CannotPublish):
    """The same price and cost hold at that moment already: a second click, perhaps."""


def price_list(at: datetime | None = None) -> dict[str, Price]:
    """The price of each model that has one in force, by the model's key; one query."""
    now = at or timezone.now()
    return {price.model_key: price for price in Price.objects.in_force(now)}


def publish(
    *,
    model_key: str,
    price_micros: int,
    cost_micros: int,
    effective_from: datetime | None,
    by: User,
    reason: str,
) -> Price:
    """Let a model cost this, for one unit of its basis, from a moment on (None: from now on).

    A price below the vendor's cost is allowed. Raises CannotPublish; NothingChanges for what holds
    then already.
    """
    model = check(
        model_key=model_key,
        price_micros=price_micros,
        cost_micros=cost_micros,
        effective_from=effective_from,
        reason=reason,
    )
    try:
        with transaction.atomic():
            _one_at_a_time(model_key)
            begins = effective_from or timezone.now()
            before = Price.objects.filter(model_key=model_key).in_force(begins).first()
            if before and (before.price_micros, before.cost_micros) == (price_micros, cost_micros):
                raise NothingChanges(
                    _("%(model)s costs that already; nothing was published.")
                    % {"model": model.name}
                )
            price = Price.objects.create(
                model_key=model_key,
                price_micros=price_micros,
                cost_micros=cost_micros,
                effective_from=begins,
                set_by=by,
                reason=reason.strip(),
            )
            audit.record(
                actor=by,
                action="price.publish",
                what=f"{model.name}: {dollars_on_record(price_micros)}, the vendor takes "
                f"{dollars_on_record(cost_micros)}, from {begins:%Y-%m-%d %H:%M:%S %Z}",
                why=reason.strip(),
                subject=f"price {price.pk}",
            )
    except IntegrityError:
        raise CannotPublish(
            _("Another price of %(model)s begins at the same moment already.")
            % {"model": model.name}
        ) from None
    return price


def check(
    *,
    model_key: str,
    price_micros: int,
    cost_micros: int,
    effective_from: datetime | None,
    reason: str,
) -> catalog.RestorationModel:
    """What `publish` would refuse whatever stands in the list, for a page that asks before."""
    model = catalog.MODELS.get(model_key)
    if model is None:
        raise CannotPublish(_("There is no such model."))
    if not said(reason):
        raise CannotPublish(_("Please say why the price changes."))
    if len(reason.strip()) > MOST_REASON_LETTERS:
        raise CannotPublish(
            _("Please say why in at most %(most)s letters.") % {"most": MOST_REASON_LETTERS}
        )
    if not 0 < price_micros <= MOST_MICROS:
        raise CannotPublish(
            _("A price is more than nothing and at most %(most)s.") % {"most": dollars(MOST_MICROS)}
        )
    if not 0 <= cost_micros <= MOST_MICROS:
        raise CannotPublish(
            _("A cost is at least nothing and at most %(most)s.") % {"most": dollars(MOST_MICROS)}
        )
    if effective_from is not None and effective_from < timezone.now():
        raise CannotPublish(_("A price can’t begin in the past: what was shown then was shown."))
    return model


def _one_at_a_time(model_key: str) -> None:
    """Who publishes for a model waits here, then sees what the one before has published.

    Its first row is there for all time; orders, which only refer to rows, don't wait.
    """
    rows = Price.objects.filter(model_key=model_key).order_by("pk")
    rows.select_for_update(no_key=True).first()


def token(price: Price) -> str:
    """What a page carries to name the price that it shows."""
    return _signer().sign(str(price.pk))


def named(token: str, *, model_key: str) -> Price | None:
    """The price that a page showed; None if too long ago, for another model, or not our token."""
    try:
        pk = _signer().unsign(token, max_age=settings.QUOTE_VALID_SECONDS)
    except signing.BadSignature:  # too old is one, too
        return None
    return Price.objects.filter(pk=pk, model_key=model_key).first()


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="heirloom.price")
