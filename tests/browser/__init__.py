"""People at a real browser, on a phone and at a desk."""
