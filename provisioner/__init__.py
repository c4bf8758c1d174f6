"""Pools of ready Salesforce scratch orgs."""

__version__ = "0.1.0"
