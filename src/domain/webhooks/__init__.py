"""Webhooks: endpoints of an owner that are sent its changes, in order, until each has been accepted."""
