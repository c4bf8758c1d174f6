"""How each kind of component is deployed: one file per family, registered by `@kind`."""
