"""Managed images, and what a VM can be created from."""
