"""The member's pages about money: the wallet, and paying in."""
