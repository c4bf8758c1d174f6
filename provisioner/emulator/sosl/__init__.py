"""SOSL: searches for words in the text fields of several objects."""
