"""The vectors of sealed messages: to keys of both suites, the first of a context, one after it, and the replies."""

from hashlib import sha256
from typing import Any, Final

from sync_protocol.encoding import decode, encode
from sync_protocol.exchange import (
    Context,
    Sealed,
    open_context,
    open_request,
    read_sealed,
    seal_reply,
    seal_request,
)
from sync_protocol.suites import OpeningKey
from tests.sync_protocol.sample import NETWORK, TOWNSHIP
from tests.sync_protocol.vector_makers.bundles import opening_seed, sealed_to
from tests.sync_protocol.vector_makers.shapes import Vector, flipped

INFO: Final = encode(["sanji/1/exchange", NETWORK, TOWNSHIP])
REQUESTS: Final = (b"the first request of a context", b"a second one, that names it")
REPLIES: Final = (b"the reply to the first", b"the reply to the second")
# What a library sealed once to the key of suite s1q: it draws its own randomness, so nothing makes this again.
OPENING_S1Q: Final = bytes.fromhex(
    "d1afaac9889eff6355f4eab979d86c0ae8d1f4f2bece4e68f1b58b63169a4c3635207c42895c0ca522969007671f20976ec812ef6fcf"
    "fe6de6f03b9d948e3852ec139a932e17d506770d4642dc939d3bdd7a88a67595b8173edf7b81b384dcab9a1dd235cedc8f058debe82b"
    "e332e5fa95cc8cda742359dc8e3130485e850469067da6e3cdad70bb1983dc7e0565696c4bc00223a51db79d7fefd903127a1374b630"
    "8827bb2417acbf0b980dbe6b143c9a3037b9028f302df474275234b7b21035dcdeb429aa656f3cb151336dd405e5d9b8bb7a3ace4806"
    "00c833e46e4f8cfa0419a389ec724c09b0de3782a0971263d821499ad2455df07744b23ca336871b4ec367d1aa21895129c43bb586c8"
    "da37b1ac7a6dbbe2f575650fe70a030e0260870ce3bef3e0320724d5a41f4d24f048dc91175e1f92e49eadab065bd48a438363e949d4"
    "949000862d69507a5fd3f7d1b5e36a3611d228b4c1b1854200aaebc6a943087a41c1878396fa70889cc762b179b67efcbd316a618aa4"
    "16cff89cdd3de82c2289a6234ebe0509725e9c52600d88b118e2ffe8ec4627977bfd39aaff33d8ac6b45c1d437a826382f9cd1dfac52"
    "8f9380148e6db777789e068263e62ce41a0f54b8c07ab9462229b37634d9abcb94803bf72717eadb750ca71e8384009623eeb132bf2d"
    "d1638f3368b5b15c4dd15926e3aa284da6bf7e62761b936187a48aac18c1ccccce7b7b342b49442234e212c3b7fafc1d85835d7cf098"
    "e1cf7fe10022bdcd441f911c00b5b9ed0075c7bda2955d449440f475950aebb8f513e7408bf9ee922394037f5925728b47352e4f5ef6"
    "1e89a4738c7b1146baf88de74cea70c975f45cb2fc21a55228346aa3565e9668691dbfbaf55daadd9c95c07db783c67a4a1fd1d05739"
    "40ea6e8c82f29b4ae4a906a629e0427b0cc5e3610eb97eb817f4c76c5a9549541c9134b052e6d0d434cbe993e5b92918b1758799dcfc"
    "12b80ae78c6f75f2e177a6f947d3f20dea00d48b8131deec01480365299fb1b18d8b215317982aa8a10a768ca8015fbe36523b61980b"
    "d31f3aae7c2dff358d173a182856ede066ba02769306400b6381898cdfb6d01818c9d08e9b6aef13555294cea314a35b6f89c0625338"
    "8726a34150ccae36c0af4a7d9a486b106881ff64fe1622f8b275d43d4e26ec0dc75b2968e90de080454a012a426122f569f56acff94b"
    "b74ace0a677a819c97543055b2da7f9535007a300ed007cd5a752a48b074dd804745dfca8afdb845887bdd5b97cd83d3ab250bde2058"
    "4fae76f62a7c37678d309863cfe7cb0e6ab5dc391cc8c1987e918a786144e77bee578922d05e65f56d973fda996cdb3161ed6eced4c9"
    "0179c4748dfa5e3bef94c0b59f90d8839b734125d87a970df09f79d9deb9fb056ffa88ce81afb2d4ed4646be25870f8ba929999941fa"
    "37ac4dfeff739cf20a775b7ededf2cbcc0b0d45ef78224a2b81c62c9de5df6090a6b34e04d2e77f8520fcd141a1230e2117823afdd3d"
    "ead3c36bfcfb8373d72faf945c9446b0eb778218563bebae6582c92a57dec0bb07d10def251b5c75910fa61e2c74f37a3a407f52e961"
    "3685b634d87f73acab19d4d8cc80c9776d01cc6836cc8eb8d472168d78002fb460ed"
)


def context_of(suite: str) -> tuple[Context, OpeningKey]:
    """A context with the township, and the key that opens it there."""
    key = OpeningKey(opening_seed(TOWNSHIP), suite)
    secret = sha256(b"sanji sample secret of a context").digest()
    drawn = sha256(b"sanji sample ephemeral key").digest()
    opening = sealed_to(key.public, INFO, secret, drawn) if suite == "s1" else OPENING_S1Q
    named = Sealed(sha256(key.public).digest()[:4], opening, b"")
    return open_context([key], NETWORK, TOWNSHIP, named), key


def sealed() -> Vector:
    """Sealed messages that open and that do not."""
    good = [case(suite) for suite in ("s1", "s1q")]
    first = good[0]
    one, two = first["requests"]
    version, name_of_key, opening, box = decode(bytes.fromhex(one))

    def again(number: int, name: bytes) -> str:
        """The first request, but for its number and the name of the key."""
        return encode([number, name, opening, box]).hex()

    return {
        "about": "Sealed requests and replies, the key of the ancestor's place that opens them, and what they say.",
        "network_id": NETWORK.hex(),
        "place": TOWNSHIP,
        "sealed": good,
        "refused": [
            {**first, "name": name, "error": error, **changes}
            for name, error, changes in (
                ("a changed request", "not_sealed", {"requests": [flipped(one), two]}),
                ("a changed reply", "not_sealed", {"replies": [flipped(first["replies"][0]), first["replies"][1]]}),
                ("the reply to another request", "not_sealed", {"replies": first["replies"][::-1]}),
                ("a context without its opening", "not_sealed", {"requests": [two, one]}),
                ("a key of another place", "not_sealed", {"opening_seed": opening_seed("621021102000").hex()}),
                ("a key by another name", "not_sealed", {"requests": [again(version, b"none"), two]}),
                ("another version", "no_such_version", {"requests": [again(version - 1, name_of_key), two]}),
            )
        ],
    }


def case(suite: str) -> Vector:
    """Two requests under one context, and their replies."""
    context, key = context_of(suite)
    raw = [seal_request(context, REQUESTS[0], begins=key.public), seal_request(context, REQUESTS[1])]
    read: list[Any] = [read_sealed(each) for each in raw]
    assert [open_request(context, each) for each in read] == list(REQUESTS)
    return {
        "name": f"to a key of suite {suite}",
        "suite": suite,
        "opening_seed": opening_seed(TOWNSHIP).hex(),
        "public": key.public.hex(),
        "requests": [each.hex() for each in raw],
        "replies": [seal_reply(context, one, said).hex() for one, said in zip(read, REPLIES, strict=True)],
        "said": [each.hex() for each in REQUESTS],
        "answered": [each.hex() for each in REPLIES],
    }
