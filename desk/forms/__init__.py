"""What staff fill in at the desk, a room of it a file."""
