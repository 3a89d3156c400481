"""Tries every ARM call of the clone-and-publish story with every kind of trouble, and each stage with SIGKILL."""
