"""Bulk API 2.0: jobs, their CSV, and what becomes of each row."""
