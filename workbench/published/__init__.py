"""Writes the documents that are made from the contracts: JSON Schemas and the table of codes."""
