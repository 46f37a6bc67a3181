"""Tests that read the source itself: who imports whom, tidiness, and documents that keep their word."""
