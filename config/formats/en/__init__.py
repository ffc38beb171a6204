"""The one language of the admin."""
