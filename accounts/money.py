"""Micro-dollars in words. 1 USD = 1,000,000 micros; nothing is rounded away."""


def dollars(micros: int) -> str:
    """An exact amount in words: at least two decimals, none rounded away."""
    whole, rest = divmod(micros, 1_000_000)
    return f"${whole:,}.{f'{rest:06d}'.rstrip('0').ljust(2, '0')}"
