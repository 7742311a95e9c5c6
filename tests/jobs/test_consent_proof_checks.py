"""The checks themselves: numbered, chained, and compared with anchors that are kept elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs import consent_chain, consent_proof
from jobs.models import Consent, ConsentCheck, ConsentEvent
from tests.builders import make_consent, make_photo
from tests.jobs.forging import forging, found, gone_whole, later, sealed_anew
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def checks(count: int) -> list[ConsentCheck]:
    """So many honest ones, each about one consent more."""
    made = []
    for _ in range(count):
        make_consent(make_photo())
        made.append(consent_proof.check(later()))
    assert [one.problems for one in made] == [[]] * count
    return made


def chained_anew() -> None:
    """Whoever knows the code can write all checks anew, as if they had seen what is there now."""
    previous = consent_chain.FIRST
    _, anchor = consent_proof.findings(later())
    for check in ConsentCheck.objects.order_by("number"):
        for name in ("consent_count", "last_event", "seals_sha256", "young"):
            setattr(check, name, getattr(anchor, name))
        check.problems, check.previous_sha256 = [], previous
        check.sha256 = previous = consent_chain.check_sha256(check)
        check.save()


def test_checks_are_numbered_and_each_holds_the_one_before():
    first, second, third = checks(3)
    assert [one.number for one in (first, second, third)] == [1, 2, 3]
    assert first.previous_sha256 == consent_chain.FIRST
    assert (second.previous_sha256, third.previous_sha256) == (first.sha256, second.sha256)
    assert found() == []


def test_a_check_that_is_gone_is_found():
    _, second, _ = checks(3)
    with forging(ConsentCheck):
        second.delete()
    assert found() == ["checks: number 2 is missing"]
    consent_proof.check(later())
    assert found() == ["checks: number 2 is missing"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", timezone.now() - timedelta(days=9)),
        ("problems", ["none"]),
        ("young", {}),
        ("consent_count", 0),
    ],
)
def test_a_check_that_was_changed_is_found(field: str, value: Any):
    make_consent(make_photo())
    consent_proof.check(timezone.now())
    with forging(ConsentCheck):
        ConsentCheck.objects.update(**{field: value})
    assert found() == ["check 1: it is not what was written"]


def test_a_check_that_was_sealed_anew_does_not_follow():
    first, *_ = checks(2)
    first.problems = ["none"]
    first.sha256 = consent_chain.check_sha256(first)
    with forging(ConsentCheck):
        first.save()
    assert found() == ["check 2: it does not follow from the one before"]


def test_an_anchor_that_was_kept_fits_while_all_is_as_it_was(capsys: Any):
    first, _, third = checks(3)
    call_command("check_consents", "--expect", first.sha256, "--expect", third.sha256.upper())
    said = capsys.readouterr().out
    assert said.startswith(f"anchor {ConsentCheck.objects.get(number=4).sha256}\n")
    assert "All 2 anchors that were kept elsewhere fit" in said


@pytest.mark.parametrize("forge", [gone_whole, sealed_anew])
def test_only_an_anchor_kept_elsewhere_finds_that_all_was_written_anew(
    forge: Callable[[Consent], None],
):
    kept = checks(3)[1].sha256
    forge(Consent.objects.earliest("created_at"))
    with forging(ConsentCheck):
        chained_anew()
    assert found() == []
    assert consent_proof.check(later(), [kept]).problems == [f"anchor {kept}: no check has it"]


def test_checks_cut_off_at_the_end_are_found_by_an_anchor_alone(capsys: Any):
    last = checks(3)[-1]
    with forging(ConsentCheck):
        last.delete()
    assert found() == []
    with pytest.raises(CommandError, match="no check has it") as problem:
        call_command("check_consents", "--expect", last.sha256)
    assert problem.value.returncode == 1
    assert capsys.readouterr().out.startswith("anchor ")


def test_an_anchor_whose_check_saw_something_else_says_so():
    first, second = checks(2)
    gone_whole(Consent.objects.latest("created_at"))
    problems, _ = consent_proof.findings(later(), [first.sha256, second.sha256])
    assert problems[-1] == (
        f"anchor {second.sha256}: what the check of {second.at:%Y-%m-%d %H:%M} UTC saw is not "
        "what is there"
    )
    assert not any(first.sha256 in problem for problem in problems)


def test_what_is_no_anchor_is_refused_before_anything_is_checked():
    with pytest.raises(CommandError, match="64 hexadecimal digits"):
        call_command("check_consents", "--expect", "abc")
    assert not ConsentCheck.objects.exists()


def test_a_change_of_any_column_of_a_check_is_found():
    checks(2)
    check = ConsentCheck.objects.get(number=1)
    fields = {field.name for field in ConsentCheck._meta.concrete_fields} - {"id"}
    other: dict[str, Any] = {
        "number": 9,
        "at": later(),
        "consent_count": 0,
        "last_event": 0,
        "young": {"1": "f"},
        "last_decision": 9,
        "last_notice": 0,
        "problems": ["something"],
    }
    with forging(ConsentCheck):
        for name in sorted(fields):
            was = getattr(check, name)
            ConsentCheck.objects.filter(pk=check.pk).update(**{name: other.get(name, "f" * 64)})
            assert found(), name
            ConsentCheck.objects.filter(pk=check.pk).update(**{name: was})
    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_the_very_first_two_checks_at_once_follow_each_other(monkeypatch: pytest.MonkeyPatch):
    sha256 = consent_chain.check_sha256

    def slowly(check: ConsentCheck) -> str:
        time.sleep(0.2)  # between the look at those before it and its own row
        return sha256(check)

    monkeypatch.setattr(consent_chain, "check_sha256", slowly)
    at_once(2, lambda _: consent_proof.check(later()))
    numbers = ConsentCheck.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2]
    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_two_checks_at_once_follow_each_other():
    make_consent(make_photo())
    consent_proof.check(later())
    for number in range(20):
        at_once(2, lambda _: consent_proof.check(later()))
        rows = ConsentCheck.objects.order_by("number").values_list("number", flat=True)
        assert list(rows) == list(range(1, 2 * number + 4))
    assert found() == []
    assert ConsentEvent.objects.count() == 1
