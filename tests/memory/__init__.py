"""Tests of the HTTP adapter on in-memory storage; no database, but slower than unit tests."""
