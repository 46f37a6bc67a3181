"""A village node that also answers its villages and reviews what they bring."""
