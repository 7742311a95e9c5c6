"""Sessions say whose they are, and those from before that go on."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as FormerStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import MemberSession
from tests.builders import make_member
from tests.staff import client_of

pytestmark = pytest.mark.django_db


def test_a_session_says_whose_it_is_from_sign_in_to_sign_out():
    member = make_member()
    client = client_of(member)
    assert MemberSession.objects.get().member_id == member.pk
    client.post(reverse("account_logout"))
    assert not MemberSession.objects.filter(member_id=member.pk).exists()


def test_nobody_is_signed_out_by_the_move():
    member = make_member()
    former = FormerStore()
    signed_in = client_of(member).session
    former.update(signed_in.items())
    former.create()
    MemberSession.objects.all().delete()
    import_module("accounts.migrations.0024_a_session_says_whose_it_is").move(apps, None)
    assert {SESSION_KEY, HASH_SESSION_KEY} <= set(former.keys())
    assert MemberSession.objects.get().member_id == member.pk
    assert not Session.objects.exists()
    client = Client()
    client.cookies["sessionid"] = str(former.session_key)
    assert client.get(reverse("wallet")).status_code == 200
