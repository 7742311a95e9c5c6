"""The composition root: settings, addresses, health. It knows every room; no room imports it."""
