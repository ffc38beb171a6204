"""Django's database backend for PostgreSQL, which also connects through a pooler."""
