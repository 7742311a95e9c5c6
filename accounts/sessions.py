"""The session engine (SESSION_ENGINE): Django's own, whose rows say which member they are of."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from accounts.models import MemberSession


class SessionStore(db.SessionStore):
    """The name is part of what a session is signed with: sessions of Django's own can be read."""

    @classmethod
    def get_model_class(cls) -> type[MemberSession]:
        return MemberSession

    def create_model_instance(self, data: dict[str, Any]) -> MemberSession:
        row = super().create_model_instance(data)
        assert isinstance(row, MemberSession)
        member = data.get(SESSION_KEY)
        row.member_id = int(member) if member else None
        return row
