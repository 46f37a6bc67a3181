"""What programs of each exchange version have left: kept for good, and opened by the program of today.

`exchange_N/told.json` says what stood in it, by the program that wrote it; `exchange_N/kept.tar.xz` holds three nodes
as they lay on the disk, and what they wrote for others: bundles, an evidence package, a request to be enrolled and its
answer with the roster. `make.py` has made each once.
"""
