"""A parser for Apex: syntax errors with positions, sObject types that are used, simple DML."""
