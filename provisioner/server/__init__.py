"""`provisioner serve`: a page and an API over the ledger, for those who do not hold the key."""
