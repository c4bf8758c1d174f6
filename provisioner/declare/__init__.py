"""How dataclasses declare the keys of `pool.yaml`: options, durations, secrets."""
