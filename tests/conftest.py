"""How many examples a property is tried with: fewer than hypothesis' hundred, so that the whole suite stays short."""

from hypothesis import settings

settings.register_profile("suite", max_examples=40, deadline=None)
settings.load_profile("suite")
