"""Who you are and what you hold: members, wallets, the ledger. Never imports jobs."""
