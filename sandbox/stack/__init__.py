"""The house as processes: what runs, where it answers, how it starts and how it ends."""
