"""What a page says."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse


def text_of(client: Client, name: str, *arguments: Any) -> str:
    return client.get(reverse(name, args=arguments)).content.decode()
