"""Exports, imports and erases all data of one owner."""
