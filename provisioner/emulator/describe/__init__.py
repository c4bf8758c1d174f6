"""Descriptions of objects and fields, in the shape of the describe resources."""
