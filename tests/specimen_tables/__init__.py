"""A Django application with the tables of the specimens, which tests install while they need them."""
