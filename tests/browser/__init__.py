"""The pages in a real browser: the system's Chromium, real HTTP on loopback, three nodes in one process."""
