"""Routes: how they are compiled and found, and how they answer."""
