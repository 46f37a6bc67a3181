"""The demonstration: a county, a township and two villages on one machine, and one case walked through them."""
