"""Backups of the whole database: made, and restored into an empty one."""
