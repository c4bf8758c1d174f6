"""`check --probe`: one org for one day shows how a Dev Hub behaves (docs/dev-hub-facts.md)."""
