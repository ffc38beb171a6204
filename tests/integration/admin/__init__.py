"""Tests of the admin through its pages."""
