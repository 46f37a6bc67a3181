"""The child's half of the lane of files: what it asks an ancestor for and is asked for, and whether that moves."""

from typing import Any, Final

from sync_protocol import limits
from sync_protocol.exchange import BlobWant, Content
from village_node.casebook import Casebook

PATIENCE: Final = 3  # exchanges that move nothing of what is asked for before the next one waits its usual time


class BlobSide:
    """What is remembered between two exchanges; a new start begins with being asked again."""

    def __init__(self, casebook: Casebook, ancestor: str) -> None:
        """`ancestor`: its place."""
        self._casebook = casebook
        self._ancestor = ancestor
        self._wanted: list[BlobWant] = []
        self._asked: list[BlobWant] = []
        self._in_vain = 0
        self._coming = False
        self._asked_for: set[tuple[str, bytes]] = set()

    @property
    def stand(self) -> tuple[Any, ...]:
        """What has changed when something moved."""
        return tuple(self._wanted), tuple(self._asked), self._coming

    @property
    def unsaid(self) -> bool:
        """Whether another exchange should follow at once."""
        return self._coming or self.owes()

    def owes(self) -> bool:
        """Whether something that the ancestor asked for is here, and giving it has moved things lately."""
        return self._in_vain < PATIENCE and self._casebook.serves(self._wanted, self._ancestor)

    def say(self, content: Content, room: int) -> None:
        """Fill the lane of a request."""
        content.blobs.wants = self._casebook.blob_wants(self._ancestor)
        content.blobs.wants += self._casebook.blob_receipts_wanted(limits.BLOB_WANTS - len(content.blobs.wants))
        content.blobs.pieces = self._casebook.blob_pieces(self._wanted, self._ancestor, room)

    def hear(self, asked: Content, reply: Content) -> None:
        """Learn from a reply what the ancestor lacks, and whether more of what we lack is on its way."""
        wants = reply.blobs.wants
        self._in_vain = self._in_vain + 1 if asked.blobs.pieces and wants == self._wanted else 0
        self._wanted, self._asked = wants, asked.blobs.wants
        # What has come to be known by this very reply has not been asked for yet.
        self._asked_for |= {want[:2] for want in asked.blobs.wants}
        lacking = self._casebook.lacking(self._ancestor)
        self._coming = bool(lacking) and (bool(reply.blobs.pieces) or not lacking <= self._asked_for)
        self._asked_for &= lacking
