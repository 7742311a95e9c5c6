"""The site, used by somebody who has only its web pages: `make demo`, and the tests of journeys.

`pages` reads HTML, `visitor` clicks and fills in, `journey` knows the way from signing up to the
restored picture, `report` says how it went. Nothing here knows how the site is made.
"""
