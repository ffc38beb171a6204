"""A Django application with the tables of the specimens, which tests install temporarily."""
