"""publish_demo_notice: the sandbox's notice names every vendor that its house can send to."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from jobs import vendors
from tests.builders import publish_notice, the_notice
from tests.staff import REVIEWERS, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any) -> Any:
    """A sandbox that can send to fal.ai, with somebody who may publish."""
    the_notice()
    settings.SANDBOX, settings.FAL_KEY = True, "key"
    make_staff(REVIEWERS)
    return settings


def test_it_publishes_once_as_staff_do_and_then_both_are_asked_about(house: Any):
    before = the_notice()
    assert vendors.to_ask_about(before.text) == ("pixazo",)
    call_command("publish_demo_notice")
    call_command("publish_demo_notice")
    now = the_notice()
    assert (now.version, now.title) == (before.version + 1, before.title)
    assert now.text.startswith(before.text)
    assert vendors.to_ask_about(now.text) == ("pixazo", "fal")
    assert [one.language for one in now.texts] == ["en", "de"]
    german = now.in_language("de")
    assert vendors.to_ask_about(german.text) == ("pixazo", "fal")
    assert AuditEntry.objects.get(action="notice.publish").actor == now.published_by


def test_in_a_house_without_fal_nobody_is_asked_about_it_in_any_language(house: Any):
    house.FAL_KEY = ""
    before = the_notice()
    call_command("publish_demo_notice")
    now = the_notice()
    assert (now.version, now.text) == (before.version + 1, before.text)
    assert {vendors.to_ask_about(one.text) for one in now.texts} == {("pixazo",)}
    assert not [one for one in now.texts if "fal.ai" in one.text]


def test_what_staff_published_is_left_alone(house: Any):
    theirs = publish_notice()
    call_command("publish_demo_notice")
    assert the_notice() == theirs


def test_in_a_house_with_real_members_it_refuses(house: Any):
    house.SANDBOX = False
    with pytest.raises(CommandError, match="staff publish the notice"):
        call_command("publish_demo_notice")
