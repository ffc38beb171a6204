"""The Django configuration of this package."""

from django.apps import AppConfig


class SpecimenTables(AppConfig):
    name = "tests.specimen_tables"
    label = "specimen_tables"
