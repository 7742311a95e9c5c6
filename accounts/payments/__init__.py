"""Paying in by card: the door to Stripe, what its events say, and the top-ups they move."""
