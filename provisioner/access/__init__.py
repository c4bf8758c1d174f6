"""Who may do what with which pool, for people and jobs who do not hold the key."""
