"""Tests of the case half."""
