"""Reads `pool.yaml`: `load.load` gives the frozen model, or one error with every problem."""
