"""One photo's journey: upload, consent, restoration, result."""
