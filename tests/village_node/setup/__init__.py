"""Setting a node up: what is asked, the pages, and the file."""
