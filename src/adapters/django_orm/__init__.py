"""Storage in Django's models: it owns tables, migrations and the admin, and answers without the ORM's overhead."""
