"""The ancestor's half of the lane of files: what a child is asked for and given, and which receipts it is told."""

from sync_protocol.blobs import BlobReceipt
from sync_protocol.exchange import Content
from sync_protocol.roster import Node
from village_node.casebook import Casebook


class BlobLane:
    """Stands last in every reply: it takes what nothing else has taken of the frame."""

    def __init__(self, casebook: Casebook) -> None:
        """`casebook`: knows what is here, and who may have it."""
        self._casebook = casebook

    def say(self, node: Node, content: Content, reply: Content, room: int) -> list[BlobReceipt]:
        """Fill the lane of a reply; the receipts in it that the author waits for, which the child has once it comes
        with the next challenge."""
        casebook, talk = self._casebook, reply.blobs
        owed, talk.receipts = casebook.blob_receipts(node.place, content.blobs.wants)
        talk.wants = casebook.blob_wants(node.place)
        talk.pieces = casebook.blob_pieces(content.blobs.wants, node.place, room)
        return owed

    def arrived(self, told: list[BlobReceipt]) -> None:
        """The child has these receipts. Raises NotSaved."""
        if told:
            self._casebook.blob_receipts_arrived(told)
