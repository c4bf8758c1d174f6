"""External Client Apps: the metadata of an app, and the app that users log in with."""
