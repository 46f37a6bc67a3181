"""Planted breaks: each property must find the one made for it."""
