"""Several hundred jobs in a house where everything fails: see `python -m tests.chaos --help`."""
