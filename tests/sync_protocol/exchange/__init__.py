"""Tests of the exchange as values."""
