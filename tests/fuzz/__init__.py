"""Fuzzing of everything that reads what strangers wrote: coverage-guided, each target in a process of its own."""
