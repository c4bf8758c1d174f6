"""What keeps a project's orgs in order between builds: health, deletion, orphans, a lost ledger."""
