"""Tests of the reports on runs."""
