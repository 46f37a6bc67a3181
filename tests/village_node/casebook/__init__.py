"""Tests of the casebook: on both databases, with real files and a real server."""
