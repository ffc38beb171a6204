"""A proof that webhooks lose nothing, whatever fails: heavy, and not part of the usual tests."""
