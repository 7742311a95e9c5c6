"""Figures as their reader writes them: "1,234.5", "1.234,5"."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format


def rounded(value: float | Decimal, decimals: int = 0) -> str:
    """With so many decimals. (Django's own function cuts off what is over, and rounds nothing.)"""
    return number_format(f"{value:.{decimals}f}", decimals, force_grouping=True)
