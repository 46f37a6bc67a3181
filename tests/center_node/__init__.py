"""The county's own part."""
