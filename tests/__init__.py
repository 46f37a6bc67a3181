"""The tests of the network, a folder for each package and for each way of trying the whole."""
