"""The outside world in miniature: stand-ins for what Heirloom depends on, each its own process.

Used for demonstrations, tests and load. Nothing here imports the site, and the site imports
nothing from here.
"""
