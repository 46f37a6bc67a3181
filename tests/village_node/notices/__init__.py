"""The documents as the press sets them."""
