"""The vectors of receipts: trees of several sizes, one event proved by item hashes alone, and forged receipts."""

from dataclasses import replace

from sync_protocol.encoding import encode
from sync_protocol.event import item_hash
from sync_protocol.receipt import Receipt, Tree, root_of, to_bytes, to_values
from tests.sync_protocol import sample
from tests.sync_protocol.sample import NETWORK, TIME, TOWNSHIP, VILLAGE_2, Writer
from tests.sync_protocol.vector_makers.shapes import Vector, flipped, network
from tests.sync_protocol.vector_makers.streams import writers


def lines(count: int) -> list[tuple[bytes, int, bytes]]:
    """Positions of that many streams."""
    village, township, county = writers()
    more = [
        Writer("village 2", f"about:{VILLAGE_2}").write_cases(1),
        Writer("township", f"below:{TOWNSHIP}").write_cases(1),
    ]
    return [(writer.stream, *writer.head) for writer in (village, township, county, *more)[:count]]


def signed(count: int, name: str = "county", beside: bytes | None = None) -> list[Receipt]:
    """Receipts for that many lines, in the order of the tree; `beside`: what the same signature is over as well."""
    key, tree = sample.key(name), Tree(sample.incarnation(name), TIME + count, lines(count), beside)
    made = tree.receipts(key.sign("receipt", NETWORK, tree.payload))
    return sorted(made, key=lambda receipt: receipt.index)


def tree(name: str, receipts: list[Receipt], beside: bytes | None = None) -> Vector:
    """One signer's lines of one moment, and what he signed with them."""
    first = receipts[0]
    return {
        "name": name,
        "signer": first.signer.hex(),
        "time": first.time,
        "lines": [encode([receipt.stream_id, receipt.seq, receipt.hash]).hex() for receipt in receipts],
        "root": root_of(first).hex(),
        "payload": encode([first.signer, first.time, first.count, root_of(first)]).hex(),
        "signature": first.signature.hex(),
        "receipts": [to_bytes(receipt).hex() for receipt in receipts],
        **({} if beside is None else {"beside": beside.hex()}),
    }


def receipts() -> Vector:
    """Receipts that hold and receipts that do not."""
    village = writers()[0]
    for_village = next(receipt for receipt in signed(5) if receipt.stream_id == village.stream)
    good = signed(3)[1]
    cut = bytes.fromhex(flipped(good.signature.hex()))
    refused = [
        ("one bit of the signature", "bad_receipt", replace(good, signature=cut)),
        ("another position", "bad_receipt", replace(good, seq=good.seq + 1)),
        ("another hash", "bad_receipt", replace(good, hash=bytes(32))),
        ("another stream", "bad_receipt", replace(good, stream_id=bytes(32))),
        ("another time", "bad_receipt", replace(good, time=good.time + 1)),
        ("another signer", "bad_receipt", replace(good, signer=sample.incarnation("township"))),
        ("another count", "bad_receipt", replace(good, count=4)),
        ("another index", "bad_receipt", replace(good, index=0)),
        ("a path too short", "bad_receipt", replace(good, path=good.path[:-1])),
        ("a path too long", "bad_receipt", replace(good, path=(*good.path, bytes(32)))),
        ("a path in another order", "bad_receipt", replace(good, path=good.path[::-1])),
        ("an index beyond the count", "malformed", replace(good, index=3)),
        ("no lines", "malformed", replace(good, count=0, index=0)),
        ("position 0", "malformed", replace(good, seq=0)),
    ]
    eight = encode(to_values(good)[:-1]).hex()
    return {
        "about": "Receipts with their trees, and one event proved by item hashes alone.",
        **network(),
        "sets": [
            tree("one line", signed(1)),
            tree("two lines", signed(2, "township")),
            tree("three lines", signed(3)),
            tree("five lines", signed(5)),
            tree("one line, and a leaf that is none", signed(1, beside=b"a reply"), b"a reply"),
            tree("three lines, and a leaf that is none", signed(3, beside=b"a reply"), b"a reply"),
        ],
        "events": [
            {
                "receipt": to_bytes(for_village).hex(),
                "stream_id": village.stream.hex(),
                "items": [item_hash(event.header_bytes).hex() for event in village.events],
                "header": village.events[-1].header_bytes.hex(),
            }
        ],
        "refused": [
            *({"name": name, "error": error, "receipt": to_bytes(receipt).hex()} for name, error, receipt in refused),
            {"name": "eight values", "error": "malformed", "receipt": eight},
        ],
    }
