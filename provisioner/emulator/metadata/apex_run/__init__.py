"""Runs anonymous Apex as far as it can be followed: statements, SOQL, DML, common methods."""
