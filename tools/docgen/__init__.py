"""Generates documents from the code: JSON Schemas, and the pages of codes, rights and settings."""
