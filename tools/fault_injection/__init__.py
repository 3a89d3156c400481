"""Tests every ARM call of the clone-and-publish run with every kind of fault, and each stage with SIGKILL."""
