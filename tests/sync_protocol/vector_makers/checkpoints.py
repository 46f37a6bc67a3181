"""The vectors of checkpoints: events over several numbers of streams, every line with its path, and lines that lie."""

from dataclasses import dataclass

from sync_protocol import checkpoint
from sync_protocol.checkpoint import Line, Tree
from sync_protocol.encoding import decode
from tests.sync_protocol.sample import COUNTY, TOWNSHIP, VILLAGE_2, Writer
from tests.sync_protocol.vector_makers.shapes import Vector, network
from tests.sync_protocol.vector_makers.streams import seal_vector, writers


@dataclass
class Made:
    """One checkpoint: the county's stream that ends with it, and all its lines in their order."""

    writer: Writer
    tree: Tree
    lines: list[Line]


def made(count: int) -> Made:
    """The county's word on that many streams."""
    village, township, county = writers()
    held = [
        county,
        village,
        township,
        Writer("village 2", f"about:{VILLAGE_2}").write_cases(1),
        Writer("township", f"below:{TOWNSHIP}").write_cases(1),
    ][:count]
    by_id = {writer.stream: writer for writer in held}
    tree = Tree((writer.stream, *writer.head) for writer in held)
    lines = []
    for index, (_, (stream, seq, chain_hash)) in enumerate(tree.lines):
        author = by_id[stream]
        lines.append(Line(author.incarnation, author.scope, seq, chain_hash, index, tree.path(index)))
    county.write(checkpoint.KIND, {0: tree.count, 1: tree.root}, case_id=None)
    return Made(county, tree, lines)


def line_vector(line: Line) -> Vector:
    """One line as it travels, with its stream named."""
    return {
        "incarnation": line.incarnation.hex(),
        "scope": line.scope,
        "seq": line.seq,
        "hash": line.hash.hex(),
        "index": line.leaf,
        "path": [node.hex() for node in line.path],
    }


def checkpoint_vector(name: str, one: Made) -> Vector:
    """The stream up to the checkpoint, sealed, and what the checkpoint says."""
    inline = one.writer.events[-1].header.inline
    assert inline is not None and decode(inline) == {0: one.tree.count, 1: one.tree.root}
    return {
        "name": name,
        "author": one.writer.incarnation.hex(),
        "scope": f"below:{COUNTY}",
        "headers": [event.header_bytes.hex() for event in one.writer.events],
        "seal": seal_vector(one.writer, len(one.writer.events)),
        "body": inline.hex(),
        "count": one.tree.count,
        "root": one.tree.root.hex(),
        "lines": [line_vector(line) for line in one.lines],
    }


def checkpoints() -> Vector:
    """Checkpoints that hold, and lines that do not."""
    three = made(3)
    good = three.lines[1]
    lies = [
        ("another position", good._replace(seq=good.seq + 1)),
        ("another hash", good._replace(hash=bytes(32))),
        ("another stream", good._replace(scope=f"about:{VILLAGE_2}")),
        ("another author", good._replace(incarnation=three.lines[0].incarnation)),
        ("another index", good._replace(leaf=0)),
        ("an index beyond the count", good._replace(leaf=3)),
        ("a path too short", good._replace(path=good.path[:-1])),
        ("a path too long", good._replace(path=(*good.path, bytes(32)))),
        ("a path in another order", good._replace(path=good.path[::-1])),
    ]
    sizes = {"one stream": 1, "two streams": 2, "three streams": 3, "five streams": 5}
    return {
        "about": "Checkpoints with all their lines, and lines that do not lead to the root of the third one.",
        **network(),
        "checkpoints": [checkpoint_vector(name, made(count)) for name, count in sizes.items()],
        "refused": [
            {"name": name, "error": "bad_receipt", "checkpoint": 2, "line": line_vector(line)} for name, line in lies
        ],
    }
