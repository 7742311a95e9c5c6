"""The proofs about the free restoration fail when one of its rules is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.catalog import RestorationModel
from jobs.models.job import JobQuerySet
from jobs.reconciliation import judging
from jobs.steps import abandon, not_them, order, settle
from jobs.steps.not_them import CannotRerun
from tests.desk import test_not_them as at_the_desk
from tests.fakes import FakeVendor
from tests.jobs.steps import test_not_them as proofs
from tests.mutants.mutation import defect, fails_with, notices

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

MUTANTS: dict[str, tuple[Callable[..., Any], dict[str, str], Callable[..., object]]] = {
    "the member pays": (
        order._place,
        {"    if instead_of is None:\n": "    if True:\n"},
        # The database lets no free job have a hold.
        fails_with(CannotRerun, proofs.test_it_costs_the_member_nothing_and_the_house_its_price),
    ),
    "nobody pays": (
        settle._complete,
        {"    elif job.is_free:\n        waiver.give(job)": ""},
        proofs.test_it_costs_the_member_nothing_and_the_house_its_price,
    ),
    "the house pays for nothing": (
        abandon.end,
        {"            waiver.take_back(job, reason=words)\n": ""},
        proofs.test_a_picture_that_is_lost_after_all_gives_the_house_its_money_back,
    ),
    # (That there is one for each photo, the database holds, too: no defect here lets a second in.)
    "a try that failed was the only one": (
        JobQuerySet.free,
        {", state__in=BRINGS_A_PICTURE)": ")"},
        fails_with(
            CannotRerun,
            lambda vendor: (
                proofs.test_one_that_brings_no_picture_does_not_count_and_costs_nobody_anything(
                    vendor, "FAILED"
                )
            ),
        ),
    ),
    "the same again": (
        not_them.order_again,
        {"if not is_another_way(job, model, parameters):": "if False:"},
        proofs.test_the_same_again_is_no_other_try,
    ),
    "the same picture in another file": (
        RestorationModel.paints_the_same,
        {"if parameter.changes_picture\n": "if True\n"},
        proofs.test_another_file_format_is_no_other_try,
    ),
    "a model with nothing to change": (
        not_them.has_another_way,
        {" > 1 if": " > 0 if"},
        proofs.test_a_model_is_another_way_when_its_form_can_change_the_picture,
    ),
    "eight times as large": (
        not_them.too_large,
        {"if width_px * height_px <=": "if True or width_px * height_px <="},
        proofs.test_it_is_no_larger_than_what_was_paid_for,
    ),
    "the words outlive the photo": (
        not_them.forget,
        {'.update(words="")': ".count()"},
        proofs.test_what_was_written_of_a_face_goes_with_the_photo_and_the_reason_stays,
    ),
    "the vendor's bill for it finds nobody who paid": (
        judging._attempts_that_were_paid,
        {"if waived or sums": "if sums"},
        at_the_desk.test_the_vendors_bill_for_it_is_no_finding,
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_proof_notices(name: str, vendor: FakeVendor):
    function, changes, proof = MUTANTS[name]
    with defect(function, changes):
        assert notices(proof, vendor)
