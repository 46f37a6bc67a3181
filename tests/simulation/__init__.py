"""The simulator: a whole county of real nodes on a virtual clock, network, disk and chance, under every fault we know.

`make sim SEED=17 DAYS=30` plays one seed, `make sim` two hundred of thirty days. Everything that happens follows from
the seed: the same seed gives the same trace, byte for byte. Couriers are not simulated: there are no bundles yet.
"""
