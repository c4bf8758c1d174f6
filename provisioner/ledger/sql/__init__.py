"""What the ledgers on SQL databases have in common: all but the connection and the build lock."""
