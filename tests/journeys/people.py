"""The people of a house: members who sign up through the pages, and the clerk who gives credit."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from typing import Self

from sandbox.demo import journey
from sandbox.demo.visitor import Visitor
from sandbox.stack import Addresses

CREDIT_MICROS = 1_000_000


class People:
    """Whoever is asked for, each with a cookie jar of their own."""

    def __init__(self, house: Addresses) -> None:
        self.house = house
        self._stack = ExitStack()
        self._clerk: Visitor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()

    def member(self, *, credit_micros: int = CREDIT_MICROS) -> Visitor:
        """A new member, signed in."""
        email = f"{secrets.token_hex(5)}@family.example"
        member = journey.sign_up(
            self.house.site,
            mailbox=self.house.mailbox,
            email=email,
            password=secrets.token_urlsafe(16),
        )
        self._stack.enter_context(member)
        if credit_micros:
            journey.give_credit(
                self.clerk(), to=email, amount_micros=credit_micros, reason="For a test"
            )
        return member

    def clerk(self) -> Visitor:
        """The billing staff's, on the staff's pages."""
        if self._clerk is None:
            self._clerk = self._stack.enter_context(
                journey.sign_in(
                    self.house.site,
                    email=self.house.demo_people["billing"],
                    password=self.house.demo_password,
                    onward="/admin/",
                )
            )
        return self._clerk
