"""The card processor in miniature: the few Stripe endpoints that a wallet needs, as a process.

It promises Stripe's documented wording (paths, bracketed form parameters, error bodies,
idempotency, object and event shapes, signatures) so that Stripe's own library talks to it
unchanged, and a card page on which a person can pay, be declined or go back. No money exists here.
It imports nothing of the site. Run it with ``python -m sandbox.cards``; see ``sandbox/README.md``.
"""
