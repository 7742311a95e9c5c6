"""The staff's room: pages for billing staff over what `accounts` and `jobs` know. No models."""
