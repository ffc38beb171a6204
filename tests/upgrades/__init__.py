"""The last release beside this one, and beside a next one that adds tables and columns, on one database."""
