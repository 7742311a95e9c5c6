"""Doors: load, one domain call, translate the exception."""
