"""Whole flows against the real processes, through the real pages, without a browser."""
