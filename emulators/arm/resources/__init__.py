"""Microsoft.Resources: subscriptions, resource groups, and lists across types."""
