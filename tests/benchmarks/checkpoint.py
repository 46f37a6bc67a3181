"""What a checkpoint costs: the tree over so many streams, the whole act at a county that holds them, the answers."""

import random
import tempfile
import tracemalloc
from pathlib import Path
from typing import Final

from sync_protocol.checkpoint import Tree
from sync_protocol.exchange import LinesAsked
from tests.benchmarks.report import Figure, measured, publish, say
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, network
from village_node.store import rows
from village_node.store.streams import StreamRow
from village_node.store.tables.streams import STREAMS

HEADS: Final = 32_000


def checkpoint(heads: int = HEADS) -> None:
    """Seconds to write a checkpoint over that many streams on SQLite, with tree, memory and first answer beside."""
    say(f"checkpoint: {heads} streams ...")
    chance = random.Random(heads)
    positions = [(chance.randbytes(32), chance.randrange(1, 9_999), chance.randbytes(32)) for _ in range(heads)]
    with measured() as tree:
        Tree(positions)
    tracemalloc.start()
    Tree(positions)
    tree_mib = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    with tempfile.TemporaryDirectory(prefix="sanji-bench-") as folder:
        net = network(Path(folder), COUNTY, TOWNSHIP, VILLAGE)
        county = net.members[COUNTY]
        made = [
            StreamRow(number, chance.randbytes(16), f"about:{number}", 1, stream, seq, chain, seq, chain, 0, False, 0)
            for number, (stream, seq, chain) in enumerate(positions, start=1)
        ]
        # One of them is of the village that asks.
        made[0] = made[0]._replace(incarnation=net.identities[VILLAGE].incarnation, scope=f"about:{VILLAGE}")
        with county.store.writing() as connection:
            rows.insert(connection, STREAMS, made)
        with measured() as first:
            assert county.casebook.write_checkpoint().count == heads
        with measured() as daily:
            newest = county.casebook.write_checkpoint()
        asked = LinesAsked(*newest.key, 0)
        with measured() as cold:
            county.casebook.lines_for(asked, VILLAGE, 1 << 20)
        with measured() as warm:
            answer, size = county.casebook.lines_for(asked, VILLAGE, 1 << 20)
        net.close()
    assert answer is not None
    publish(
        Figure(
            "checkpoint",
            daily.wall_s,
            "s",
            heads,
            daily,
            more=(
                ("first_s", round(first.wall_s, 3)),
                ("tree_s", round(tree.wall_s, 3)),
                ("tree_mib", round(tree_mib, 1)),
                ("first_answer_s", round(cold.wall_s, 3)),
                ("answer_ms", round(warm.wall_s * 1000, 2)),
                ("line_bytes", round(size / len(answer.lines))),
            ),
        )
    )
