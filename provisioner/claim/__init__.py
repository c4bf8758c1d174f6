"""Claims: claim, renew and release an org."""
