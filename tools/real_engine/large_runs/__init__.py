"""The app that fills a hub with large runs."""
