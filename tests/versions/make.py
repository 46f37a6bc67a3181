"""Make what a program of one exchange version leaves behind: `python tests/versions/make.py COMMIT`, once for each.

The program is that of the commit, and so are the tests that drive it: both are unpacked beside each other, and this
file runs once more among them. So below it uses only what all of them have. What it made is never made again: an old
program under newer libraries is not what people had.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
PACKAGES = ("sync_protocol", "village_node", "township_node", "center_node", "tests")
PHOTO = b"a photo of an identity card " * 400
NEWCOMER = "621021101203"


def main() -> None:
    """With a commit: unpack it and let its own program write; with the folder only: be that program."""
    if sys.argv[1] == "--inside":
        write(Path(sys.argv[2]))
        return
    commit = subprocess.check_output(["git", "-C", HERE, "rev-parse", sys.argv[1]], text=True).strip()
    with TemporaryDirectory() as folder:
        program, made = Path(folder) / "program", Path(folder) / "made"
        made.mkdir()
        packed = subprocess.check_output(["git", "-C", HERE.parents[1], "archive", commit, *PACKAGES])
        with tarfile.open(fileobj=io.BytesIO(packed)) as tree:
            unpack(tree, program)
        inside = [sys.executable, "-P", __file__, "--inside", str(made)]
        subprocess.run(inside, check=True, cwd=program, env={**os.environ, "PYTHONPATH": str(program)})
        keep(made, commit)


def unpack(packed: tarfile.TarFile, folder: Path) -> None:
    """Unpack what we packed ourselves, filtered where the Python there can: that of Debian 12 cannot."""
    packed.extraction_filter = getattr(tarfile, "data_filter", lambda entry, _: entry)
    packed.extractall(folder)


def keep(made: Path, commit: str) -> None:
    """Pack what was written into the folder of its exchange version. Raises FileExistsError where there is one."""
    told = json.loads((made / "told.json").read_text("utf-8"))
    (made / "told.json").unlink()
    folder = HERE / f"exchange_{told['exchange']}"
    folder.mkdir()
    words = json.dumps({"commit": commit, **told}, ensure_ascii=False, indent=1)
    (folder / "told.json").write_text(words + "\n", encoding="utf-8")
    with tarfile.open(folder / "kept.tar.xz", "w:xz", preset=9) as kept:
        for path in sorted(path for path in made.rglob("*") if path.is_file()):
            entry = kept.gettarinfo(path, path.relative_to(made).as_posix())
            entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime = 0, 0, "", "", 0
            with path.open("rb") as raw:
                kept.addfile(entry, raw)
    print(f"{folder}: {(folder / 'kept.tar.xz').stat().st_size} bytes")


def write(made: Path) -> None:
    """Be a county, a township and a village for some days, by the program that is found here."""
    # Not before: the parent of this process has no such program.
    from sync_protocol.exchange import VERSION
    from tests.builders import COUNTY, TOWNSHIP, VILLAGE
    from tests.closing import checkpoint_day, close_case, step
    from tests.network import network
    from tests.village_node.courier.sticks import hand, introduce
    from village_node.store import migrations

    (made / "nodes").mkdir()
    net = network(made / "nodes", COUNTY, TOWNSHIP, VILLAGE)
    net.settle()
    village, township = hand(net.built, VILLAGE), hand(net.built, TOWNSHIP)
    refs = {"closed": village.member.file(applicant_name="张办结")}
    close_case(net, refs["closed"])
    refs["settled"] = village.member.file(applicant_name="李已达")
    add_paper(village.member, refs["settled"])
    for _ in range(2):
        step(village.member, refs["settled"])  # as far as a village goes: it is handed up
    checkpoint_day(net)
    for _ in range(3):
        net.settle()
    with TemporaryDirectory() as sticks:
        introduce(township, village, Path(sticks))
    net.built.clock.now_ms += 60_000
    refs["carried"] = village.member.file(applicant_name="王在途")
    village.write(made / "bundle_up", TOWNSHIP)
    step(township.member, refs["settled"])
    township.write(made / "bundle_down", VILLAGE)
    refs["unsent"] = village.member.file(applicant_name="赵未报")
    book = village.member.casebook
    told = {
        "exchange": VERSION,
        "schema": schema(village.member, migrations),
        "now_ms": net.built.clock.now_ms,
        "network": net.built.roster.network_id.hex(),
        "cases": {name: [ref.scope, ref.case_id.hex(), number(book, ref)] for name, ref in refs.items()},
        "nodes": {code: told_of(live.member, refs) for code, live in net.nodes.items()},
        "paper": hashlib.sha256(PHOTO).hexdigest() if hasattr(book, "add_paper") else None,
    }
    if hasattr(book, "evidence"):
        package = township.member.casebook.evidence(number(book, refs["closed"]))
        assert package is not None
        (made / "evidence.cbor").write_bytes(package)
    net.close()
    told["newcomer"] = enrol(made, net.built, TOWNSHIP)
    (made / "told.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def enrol(made: Path, built: Any, township: str) -> dict[str, str]:
    """The request of one more village, and what its township answered: the roster, with the village in it."""
    from sync_protocol import roster

    key, incarnation = built.key(), built.chance.randbytes(16)
    raw = roster.enrol_request(key, NEWCOMER, "village", "东庄村", incarnation)
    ops = roster.admit_request(built.roster, roster.read_request(raw), township)
    above = built.identities[township]
    grown = built.roster.apply(roster.publish(built.roster, township, ops, [above.key], built.clock.now_ms))
    (made / "request.cbor").write_bytes(raw)
    (made / "answer.cbor").write_bytes(roster.answer(grown, NEWCOMER, above.incarnation))
    return {"place": NEWCOMER, "incarnation": incarnation.hex(), "key": key.public.hex()}


def add_paper(member: Any, ref: Any) -> None:
    """A paper, where the program knows any."""
    if hasattr(member.casebook, "add_paper"):
        from village_node.uploads import Upload

        upload = Upload(PHOTO, "image/jpeg", b"its preview")
        member.casebook.add_paper("0001", member.roles, ref[:2], "身份证", upload)


def schema(member: Any, migrations: Any) -> str:
    """The revision of the tables."""
    with member.store.reading() as connection:
        return str(migrations.revision(connection))


def number(book: Any, ref: Any) -> str:
    """What people call a case."""
    return str(book.case_row(ref.scope, ref.case_id).case_no)


def told_of(member: Any, refs: dict[str, Any]) -> dict[str, Any]:
    """What a node holds: each stream with its head and chain hash, and each case with its state and its events."""
    book, states, events = member.casebook, {}, {}
    for name, ref in refs.items():
        if book.case_row(ref.scope, ref.case_id) is not None:
            states[name] = member.state(ref)
            events[name] = len(book.timeline(ref.scope, ref.case_id))
    streams = []
    for row in book.counts()["streams"]:
        held = book.hash_at(bytes.fromhex(row["incarnation"]), row["scope"], row["head"])
        streams.append([row["incarnation"], row["scope"], row["head"], held.hex()])
    return {"streams": streams, "states": states, "events": events}


if __name__ == "__main__":
    main()
