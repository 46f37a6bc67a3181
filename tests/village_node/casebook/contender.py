"""One worker process of the county for the test of several: acts on the same cases as the others, at the same time."""

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sync_protocol.case import kinds
from tests.builders import COUNTY, Member, Network
from village_node.casebook import CaseRef, NotAllowed, Stale

ACTS: tuple[tuple[int, dict[str, str]], ...] = ((kinds.DOCKET, {}), (kinds.DECIDE, {"outcome": "approve"}))


def county(folder: Path, url: str, worker: int) -> Member:
    """The county as worker number so-and-so opens it: the same identity, another life of the process."""
    net = Network(folder)
    net.enrol(COUNTY)
    return net.open(COUNTY, url, worker)


def contend(member: Member, ref: CaseRef, threads: int) -> list[Counter[str]]:
    """All threads do the same acts on what they saw of the case; how often each act was done, stale, or late."""
    outcomes = []
    for kind, body in ACTS:
        case = member.casebook.case(ref.scope, ref.case_id)
        assert case is not None
        outcome: Counter[str] = Counter()
        together = threading.Barrier(threads)
        seen = case.last

        def act(kind=kind, body=body, seen=seen, outcome=outcome, together=together) -> None:
            together.wait()
            try:
                member.casebook.record("0001", member.roles, ref.scope, ref.case_id, kind, body, seen)
                outcome["done"] += 1
            except Stale:
                outcome["stale"] += 1
            except NotAllowed:  # another process had done it before we looked
                outcome["late"] += 1

        hands = [threading.Thread(target=act) for _ in range(threads)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        outcomes.append(outcome)
    return outcomes


def main(arguments: Sequence[str]) -> None:
    """folder, database, worker, threads, then case ids: act on each as soon as its line is read from standard input."""
    folder, url, worker, threads = Path(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3])
    member = county(folder, url, worker)
    print("ready", flush=True)
    for line in sys.stdin:
        scope, case_id = line.split()
        done = contend(member, CaseRef(scope, bytes.fromhex(case_id), "", ""), threads)
        print(" ".join(str(one["done"]) for one in done), flush=True)
    member.store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
