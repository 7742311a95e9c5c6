"""docs/architecture.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from jobs.management.commands.state_diagram import diagram

PAGE = Path(settings.BASE_DIR) / "docs" / "architecture.md"


def test_the_diagram_of_states_is_the_table_of_moves():
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text()


def test_every_file_that_the_page_names_is_there():
    links = re.findall(r"\]\(\.\./([^)#]+)", PAGE.read_text())
    assert len(links) > 30
    assert [link for link in links if not (Path(settings.BASE_DIR) / link).exists()] == []
