"""Tests that load no Django and open no database."""
