"""What the store can say no to; each error speaks to the person at the node, in Chinese and in English."""


class StoreError(Exception):
    """A database that cannot be used as asked. ``zh`` and ``en`` say what happened and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class UnsafeDatabase(StoreError):
    """The database does not promise that what was committed survives a power cut; the node does not start on it."""


class NewerDatabase(StoreError):
    """A newer version of the program has written this database."""


class NotSaved(StoreError):
    """The disk is full or failing, or the database went away: nothing of this change was kept; try again after help."""


class RoomMade(NotSaved):
    """The disk was full and the reserve has just been given up: nothing was kept, and the same works at once."""


class NotReadable(StoreError):
    """The database cannot be read at the moment; nothing was changed."""


class Overtaken(Exception):
    """Another worker changed what this transaction was planned on; it was rolled back and is planned again."""


class Outdated(Exception):
    """What stands there by now is not what this was to follow: nothing was changed."""
