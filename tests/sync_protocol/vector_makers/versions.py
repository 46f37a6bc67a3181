"""The vectors of other versions: what programs before this one said, and what one after it may say."""

from typing import Any, Final

from sync_protocol.encoding import encode
from sync_protocol.exchange import VERSION
from tests.sync_protocol.vector_makers.shapes import Vector

# Recorded when versions 1 and 2 were spoken, in the network of `exchange.json`: bytes that nothing makes again.
ASKED_1: Final = (
    "850150df0e7337420c13f8f5d40f6ce079d1b9f65840ee00ccfe73ece1c144251ea13625307abbcb4488ae4a0ebe0e0cf6bfe2bd9e7f"
    "e3b587e3d13777b1531d7f8061cb761c5b95ee0df1f32326a79335e8054e830c584900a40084010181016002f50582846c3632313032"
    "313030303030300103489146ba0a63cc1d5b846c363231303231313031303030010148cb1e8457dd79ccb0131b000001a0c4506c00"
)
SENT_1: Final = (
    "850150df0e7337420c13f8f5d40f6ce079d1b958180000000000000001c754eb0314c68f1481ba8a7a2c68c89a5840b509cddef0524a"
    "03e0101e0be3d7b306272bfde5f188051e5a303437b1a86874fefb6c02e2793fd6d4a508b98505976113a40143264f3a371f04ae735e"
    "1bc30c586900a80084010181016001483df245ada908023802f5035076be8b528d0075f7aae98d6fa57a6d3c04800582846c36323130"
    "32313030303030300103489146ba0a63cc1d5b846c363231303231313031303030010148cb1e8457dd79ccb010f5131b000001a0c450"
    "6c00"
)
ANSWERED_1: Final = (
    "83015840cb97b8e504d96203aa5ded665215623b6fa3862e9f85c9f51f8d10746aa6d985fee31c6e597d99ab1062a8a0c88cb54ac259"
    "752050e099a915f79a5e4763c003585800a3008401018101600582846c3632313032313030303030300103489146ba0a63cc1d5b846c"
    "363231303231313031303030010148cb1e8457dd79ccb01158180000000000000001c754eb0314c68f1481ba8a7a2c68c89a"
)
RETURNED_1: Final = (
    "830158402c44f10f8b8df898fa52f504cd25dc85cf82db0c6ce1e6a84c046e619f58abc0a4305ee03980b7d8e23f3106fc96dd88138a"
    "30ebb1f35204bfa75982bede5e0d587c00a700840101810160035076be8b528d0075f7aae98d6fa57a6d3c04800582846c3632313032"
    "313030303030300103489146ba0a63cc1d5b846c363231303231313031303030010148cb1e8457dd79ccb01158180000000000000002"
    "192701e38f163a5a4794c92a478ba8a0131b000001a0c4506c00141abcb81287"
)
ASKED_2: Final = (
    "850250df0e7337420c13f8f5d40f6ce079d1b9f658400b7dd1aab0c2f45be35824fa50c93d37e4b69de69bb1183d8b62fbc74fe2a535"
    "218cc2abbb0f2d6b4c85084fce4d420c5f145214eb610121dd0e602e87005e05584900a40084020281016002f50582846c3632313032"
    "313030303030300103489146ba0a63cc1d5b846c363231303231313031303030010148cb1e8457dd79ccb0131b000001a0c4506c00"
)
SENT_2: Final = (
    "850250df0e7337420c13f8f5d40f6ce079d1b94c000000011c563d3d84278b005840275cfc14fee583adf69af9d89ee65d5b3da667c1"
    "f0cbba57e45f6ed31fedcceb0915f02bdfdb46748b2df79320077ebcdc8fccf8e5793c3336791624e6f23c0c586500a8008402028101"
    "6001443df245ad02f5035076be8b528d0075f7aae98d6fa57a6d3c04800582846c3632313032313030303030300103489146ba0a63cc"
    "1d5b846c363231303231313031303030010148cb1e8457dd79ccb010f5131b000001a0c4506c00"
)
ANSWERED_2: Final = (
    "83025840c5595936578f791b25b39b1a4cbeb0eaf5dbff5b20bc08d117d8f7a26597f8c2fd8dda684eb858efc9b5c2434ce323a56f5b"
    "90e56db6d92a16706a4b2c272a02584b00a3008402028101600582846c3632313032313030303030300103489146ba0a63cc1d5b846c"
    "363231303231313031303030010148cb1e8457dd79ccb0114c000000011c563d3d84278b00"
)
RETURNED_2: Final = (
    "83025840023e8af9b07326296d36b77b24c380a80e8f152151f5f6b98a329260a269177ce554057b0183793743193e761f2067c74461"
    "82de299a7c07591a528ff0f13804586f00a700840202810160035076be8b528d0075f7aae98d6fa57a6d3c04800582846c3632313032"
    "313030303030300103489146ba0a63cc1d5b846c363231303231313031303030010148cb1e8457dd79ccb0114c000000021d2be34d46"
    "71c8e5131b000001a0c4506c00141abcb81287"
)
CHILD: Final = bytes.fromhex("df0e7337420c13f8f5d40f6ce079d1b9")
LATER: Final[tuple[tuple[int, str, list[Any]], ...]] = (
    (0, "in the form of this one", [CHILD[:4], None, bytes(64), b""]),
    (VERSION + 1, "in the form of this one", [CHILD[:4], None, bytes(64), b""]),
    (VERSION + 1, "in a form of its own", [{0: CHILD}, True]),
    (VERSION + 1, "that says nothing", []),
    (2**40, "far ahead", ["text"]),
)


def versions() -> Vector:
    """Messages of other versions, each of which is `no_such_version` at whoever speaks this one."""
    asked = [(1, "without a challenge", ASKED_1), (1, "with a challenge of 24 bytes", SENT_1)]
    asked += [(2, "without a challenge", ASKED_2), (2, "with a challenge of 12 bytes", SENT_2)]
    answered = [(1, "without data", ANSWERED_1), (1, "with data", RETURNED_1)]
    answered += [(2, "without data", ANSWERED_2), (2, "with data", RETURNED_2)]
    later = [(version, name, encode([version, *rest]).hex()) for version, name, rest in LATER]
    # What is no encoding of section 2 may be one by a later text: here the rest is half a float.
    later.append((VERSION + 1, "not encoded as here", (b"\x82" + encode(VERSION + 1) + b"\xf9\x3c").hex()))
    return {
        "about": "Messages of other versions than the present one: each is no_such_version.",
        "version": VERSION,
        "requests": [_case(*each) for each in (*asked, *later)],
        "replies": [_case(*each) for each in (*answered, *later)],
    }


def _case(version: int, name: str, raw: str) -> Vector:
    return {"name": f"version {version} {name}", "version": version, "hex": raw, "error": "no_such_version"}
