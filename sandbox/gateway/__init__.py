"""The Pixazo gateway in miniature: the vendor's documented contract as a separate local process.

It promises the vendor's wording (paths, parameters, error texts, status and callback shapes), real
restored pictures at the end, and, on demand, every way in which the real thing can misbehave. It
imports nothing of the site. Run it with ``python -m sandbox.gateway``; see ``sandbox/README.md``.
"""
