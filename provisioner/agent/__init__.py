"""`provisioner mcp`: tools for a coding agent, which gets neither the key nor a token."""
