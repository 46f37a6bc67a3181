"""Tests of the protocol package, mirrored."""
