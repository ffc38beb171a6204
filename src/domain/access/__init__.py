"""Who may come in: owners, their keys and what a key may do."""
