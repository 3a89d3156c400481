"""Removes one guard of the product at a time and shows that a test notices."""
