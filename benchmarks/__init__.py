"""Goatfish and its peers side by side: what each costs, measured in one run on one PostgreSQL."""
