"""What members fill in, a file for each occasion."""
