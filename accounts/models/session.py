"""Who is signed in where: Django's session in the database, which also knows whose it is.

Without the column a session says whose it is only when it is opened, and ending one member's would
open everybody's (Django, "Extending database-backed session engines").
"""

from __future__ import annotations

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class MemberSession(AbstractBaseSession):
    """One browser's. No foreign key: signing in must not wait for a member's locked row."""

    member_id = models.BigIntegerField(null=True, db_index=True)

    @classmethod
    def get_session_store_class(cls) -> type:
        from accounts.sessions import SessionStore

        return SessionStore
