"""What goes wrong between nodes, one named test each: the right thing happens and is visible at both ends."""
