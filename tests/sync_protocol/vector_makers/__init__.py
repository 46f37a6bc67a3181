"""Makes the test vectors: each file of `vectors/` but the recorded exchange has its maker here."""
