"""Tests of the pages and forms every level has."""
