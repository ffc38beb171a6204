"""Sets Django up when it is imported, for programs that Django does not start itself."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.tables.settings")
django.setup()
