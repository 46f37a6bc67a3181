"""A stranger's check of the proof that the demonstration prints: only `cbor2`, `cryptography` and PROTOCOL.md."""

import base64
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def check(printed: dict[str, Any]) -> dict[str, Any]:
    """Verify that the county holds the application; the values of its event header by name.

    Raises AssertionError, or InvalidSignature, for anything that does not hold.
    """
    network_id, county_key, stream, event, receipt = (
        base64.b64decode(printed[name], validate=True)
        for name in ("network_id", "county_key", "stream", "event", "receipt")
    )
    items = [base64.b64decode(each, validate=True) for each in printed["item_hashes"]]
    assert sha256(b"\x00" + event).digest() == items[printed["seq"] - 1], "the event is not the one in the chain"
    head = stream
    for item in items:
        head = sha256(b"\x01" + head + item).digest()
    of, seq, covered, signer, time, count, index, path, signature = cbor2.loads(receipt)
    assert (of, seq, covered) == (stream, len(items), head), "the receipt is for another stream or position"
    node = sha256(b"\x00" + cbor2.dumps([of, seq, covered], canonical=True)).digest()
    siblings = iter(path)
    while count > 1:
        if index % 2:
            node = sha256(b"\x01" + next(siblings) + node).digest()
        elif index + 1 < count:
            node = sha256(b"\x01" + node + next(siblings)).digest()
        index, count = index // 2, (count + 1) // 2
    assert next(siblings, None) is None, "the path is longer than the tree is high"
    payload = cbor2.dumps([signer, time, cbor2.loads(receipt)[5], node], canonical=True)
    signed = cbor2.dumps(["Signature1", b"", b"sanji/1/receipt" + network_id, payload], canonical=True)
    Ed25519PublicKey.from_public_bytes(county_key).verify(signature, signed)
    names = ("seq", "kind", "kind_version", "case_id", "after", "deps", "hlc", "claimed", "actor", "inline")
    header = dict(zip((*names, "commitment", "ext"), cbor2.loads(event), strict=True))
    assert header["seq"] == printed["seq"]
    return header
