"""Everything two nodes must agree on: bytes, messages, rules. Pure; values in, values out."""
