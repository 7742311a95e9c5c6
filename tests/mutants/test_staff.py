"""What staff may move: the proofs notice a missing second person, a split limit, a silent trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts import append_only, audit, corrections
from accounts.models import AuditEntry
from jobs import prices
from jobs.reconciliation import closing, judging
from tests.accounts import test_audit, test_corrections
from tests.builders import make_member
from tests.jobs import test_prices
from tests.jobs.reconciliation import test_closing, test_judging
from tests.mutants.mutation import defect, fails_with, notices


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            corrections._check_second,
            {"correction.asked_by_id:": "None:"},
            fails_with(
                IntegrityError,
                lambda: test_corrections.test_the_second_person_is_another_who_may(
                    corrections.approve, "asker"
                ),
                "the_second_person_is_another",
            ),
            id="who asked may approve",
        ),
        pytest.param(
            corrections._waiting,
            {"if correction.state != CorrectionState.WAITING:": "if False:"},
            test_corrections.test_what_was_decided_is_not_decided_again_and_one_is_told_by_whom,
            id="decided twice",
        ),
        pytest.param(
            corrections._outlook,
            {"Correction.objects.moved_for(member, by=by, since=timezone.now() - ALONE_FOR)": "0"},
            test_corrections.test_the_limit_cannot_be_split_neither_by_pieces_nor_by_kind_nor_by_waiting_ones,
            id="each piece counts alone",
        ),
        pytest.param(
            corrections._note,
            {"    audit.record(": "    dict("},
            test_corrections.test_above_the_limit_it_waits_and_moves_nothing,
            id="nothing in the trail",
        ),
    ],
)
def test_a_proof_about_corrections_notices(
    function: Callable[..., Any], changes: dict[str, str], proof: Callable[[], object]
):
    with defect(function, changes):
        assert notices(proof)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            judging.judge,
            {
                'request_id=OuterRef("request_id"), pk__lt=OuterRef("pk"))': (
                    'request_id=OuterRef("request_id"), pk__lt=OuterRef("pk"),'
                    ' usage_import=OuterRef("usage_import"))'
                )
            },
            test_judging.test_a_line_of_an_earlier_import_counts_for_doubled,
            id="doubled within one file only",
        ),
        pytest.param(
            judging._differences,
            {"if attempt.job.state in TERMINAL and line.cost_micros:": "if line.cost_micros:"},
            test_judging.test_while_a_job_is_under_way_nobody_says_orphaned_and_the_close_asks_again,
            id="orphaned before the job has ended",
        ),
        pytest.param(
            judging._differences,
            {"if line.cost_micros and attempt.pk not in paid:": "if False:"},
            test_judging.test_a_line_can_be_mispriced_and_orphaned,
            id="nobody asks who paid",
        ),
        pytest.param(
            closing.close_day,
            {"        if still_open:\n": "        if False:\n"},
            test_closing.test_a_close_finds_what_no_import_spoke_for,
            id="closed with lines unexplained",
        ),
    ],
)
def test_a_proof_about_reconciliation_notices(
    function: Callable[..., Any], changes: dict[str, str], proof: Callable[..., object]
):
    clerk = make_member(micros=0, is_staff=True)
    with defect(function, changes):
        assert notices(proof, clerk)


@pytest.mark.django_db
def test_the_trail_without_its_trigger_is_noticed():
    entry = audit.record(actor=make_member(is_staff=True), action="price.publish", what="A price")
    with connection.cursor() as cursor:
        for sql in append_only.unlocking(connection.vendor, AuditEntry._meta.db_table):
            cursor.execute(sql)
    assert notices(test_audit.test_neither_can_raw_sql, "DELETE FROM accounts_auditentry")
    assert notices(
        test_audit.test_the_orm_can_neither_change_nor_delete_an_entry, entry, "delete all"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("function", "changes", "proof"),
    [
        pytest.param(
            prices.named,
            {", max_age=settings.QUOTE_VALID_SECONDS": ""},
            test_prices.test_a_shown_price_can_be_named_for_an_hour,
            id="a quote stays open for ever",
        ),
        pytest.param(
            prices.named,
            {"pk=pk, model_key=model_key": "pk=pk"},
            lambda _: test_prices.test_a_token_of_another_model_or_of_another_row_names_nothing(),
            id="another model's price",
        ),
        pytest.param(
            prices.check,
            {"effective_from < timezone.now():": "False:"},
            test_prices.test_a_price_never_begins_in_the_past,
            id="a price of the past",
        ),
        pytest.param(
            prices.publish,
            {"if before and (": "if False and ("},
            test_prices.test_what_holds_at_that_moment_already_is_not_published_again,
            id="a version that changes nothing",
        ),
    ],
)
def test_a_proof_about_prices_notices(
    function: Callable[..., Any], changes: dict[str, str], proof: Callable[..., object]
):
    clerk = make_member(micros=0, is_staff=True)
    with defect(function, changes):
        assert notices(proof, clerk)


@pytest.mark.django_db(transaction=True)
def test_two_small_ones_without_the_wallets_lock_are_noticed(monkeypatch: pytest.MonkeyPatch):
    count_first = {
        "        with transaction.atomic():\n            ledger.wallet_of(member)\n": (
            "        ledger.wallet_of(member)\n"
            "        needs_second = _outlook(by, member, amount_micros).needs_second\n"
            "        with transaction.atomic():\n"
        ),
        "_outlook(by, member, amount_micros).needs_second,": "needs_second,",
    }
    with defect(corrections.ask, count_first):
        assert notices(test_corrections.two_small_ones, monkeypatch, patience_seconds=60)
