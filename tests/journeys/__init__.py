"""Whole journeys: the product's own commands, run as a person would run them."""
