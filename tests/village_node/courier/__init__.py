"""The road by hand: what couriers write, what they bring, and what strangers put on a stick."""
