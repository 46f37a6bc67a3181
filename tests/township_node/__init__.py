"""Tests of the township node, mirrored."""
