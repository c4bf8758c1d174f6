"""What each kind of component does when it is deployed: one file a family, filled by `@kind`."""
