"""Claims: an org for one owner, its lease, and giving it back."""
