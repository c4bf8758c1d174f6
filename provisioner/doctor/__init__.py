"""What `check --online` examines: one module for each check, and the run over all of them."""
