"""Tests of the store: on both databases, with real files and a real server."""
