"""Maintenance of a project's orgs: health, deletion, orphans, rebuild of a lost ledger."""
