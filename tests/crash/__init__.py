"""The power-cut rig and the killing of processes: what was acknowledged survives, and the rig is seen to notice loss.

A node acts on a recorded disk (`recorder`, `recording`, `scenarios`); from the log every kind of disk that a power cut
may leave is drawn (`powercuts`) and built (`disk`); a node opens it and everything is looked at (`checker`). Planted
defects (`controls`) come first: what does not find them says nothing. `kills` does the same to whole processes with
SIGKILL. `python -m tests.crash` runs it all.
"""
