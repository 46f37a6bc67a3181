"""Asking an earlier life of an ancestor for the roster, where whoever answers is not the newest one that is known here.

Of two machines with one identity the one that began the newest life may be gone. The other one does not know that life,
and we do not know the one that it will go on under: so each tells the other the roster, whose changes prove themselves,
and nothing more. The key of an earlier life may be in anybody's hands: no case, vector or receipt is shown to it.
"""

from collections.abc import Callable, Sequence
from typing import Final

from sync_protocol import limits
from sync_protocol.errors import ProtocolError
from sync_protocol.exchange import (
    NONCE_BYTES,
    Content,
    Context,
    Hello,
    Parties,
    begin,
    changes_lacking,
    content_map,
    open_reply,
    open_reply_to,
    read_content,
    request_bytes,
    roster_heads,
    seal_request,
)
from sync_protocol.roster import Change, Node
from sync_protocol.suites import sha256
from sync_protocol.wire import DICTIONARIES, ZSTD, pack_body, unpack_body
from village_node.casebook import Reason
from village_node.uplink.conversation import Surroundings
from village_node.uplink.road import NoAnswer

Post = Callable[[bytes], bytes]

ANOTHER_ANSWERS: Final = (
    "上级地址上应答的是另一台机器（较早的身份）。本机记录都在，不会丢失；请上级负责人在“运行状况”页选择由哪台机器继续使用"
    " / another machine, of an earlier incarnation, answers at the parent's address; nothing here is lost: "
    "its head must choose under Health which machine goes on"
)


def ask(around: Surroundings, newest: Node, post: Post) -> bool:
    """Let us and an earlier life of the place of ``newest`` tell each other the roster; whether one has answered.

    ``post``: sends a request and gives the reply; may raise NoAnswer. Raises StoreError.
    """
    nodes = around.roster().nodes_of(newest.place)
    earlier = nodes[: nodes.index(newest)] if newest in nodes else nodes
    for node in tuple(reversed(earlier))[: limits.NEW_LIVES]:
        try:
            there = _say(around, node, post, None, ())
            if there.next is not None and around.roster().nodes_of(newest.place)[-1] == newest:
                if there.road_key is None:
                    return True
                lacking, _ = changes_lacking(around.roster(), around.identity.place, there.roster_heads or ())
                context = begin(there.road_key.public, around.network_id, node.place)
                _say(around, node, _sealing(context, there.road_key.public, post), there.next, lacking)
        except (NoAnswer, ProtocolError):
            continue  # nor is it this one
        return True
    return False


def _sealing(context: Context, public: bytes, post: Post) -> Post:
    """To post one request, sealed under a context of its own to the key that this life has told."""

    def sealed(raw: bytes) -> bytes:
        request = seal_request(context, raw, begins=public)
        return open_reply_to(context, request, post(request))

    return sealed


def _say(around: Surroundings, node: Node, post: Post, challenge: bytes | None, changes: Sequence[Change]) -> Content:
    """One exchange about the roster alone. Never with a challenge of an exchange before: the two machines do not keep
    the same count, and one of them would take us for two. Raises NoAnswer, ProtocolError, StoreError."""
    casebook = around.casebook
    who = casebook.speaker
    software = around.software if challenge is not None else ""
    content = Content(clock_ms=around.clock(), hello=Hello(dictionaries=DICTIONARIES, software=software))
    content.roster_heads = roster_heads(around.roster(), around.identity.place)
    content.nonce = around.randomness(NONCE_BYTES)
    if challenge is not None:
        content.roster_changes = list(changes)
    parties = Parties(around.network_id, who.incarnation, node.incarnation, challenge)
    raw = request_bytes(who.key, parties, pack_body(content_map(content), ZSTD))
    body = open_reply(post(raw), node.suite, node.public, parties, sha256(raw)).body
    reply = read_content(unpack_body(body), reply=True, asked=content.tables, ancestor=node.incarnation)
    if reply.roster_changes:
        told = Content(roster_changes=reply.roster_changes)
        received = casebook.receive(node.incarnation, told, peer_update={})
        if received.restored is not None:
            casebook.begin_again(Reason.OWN_SIGNATURE, ended=received.restored)
    return reply
