"""The official documents: what each says of a case, the sheets they are set on, and the press that prints them.

Nothing is imported here: the press runs in a process of its own, which should begin quickly.
"""
