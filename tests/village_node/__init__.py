"""Tests of the village node, mirrored."""
