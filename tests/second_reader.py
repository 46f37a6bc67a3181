"""The second reader: verifies recorded data, written from sync_protocol/PROTOCOL.md alone, whose sections it names.

`python tests/second_reader.py FILE.json ...` exits 0 only when all that the files say verifies; sizes are not judged.
"""

import functools
import hashlib
import json
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Node = namedtuple("Node", "place suite key part order")  # the key by its id
Event = namedtuple("Event", "chain header raw salt body", defaults=[None, None, None, None])  # the chain hash after it
HEADER = (int, int, int, bytes | None, list | None, list, int, int, str, bytes | None, bytes | None, dict)
PRIME, ORDER_8 = 2**255 - 19, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826  # and a y of order 8
unhex, encode = bytes.fromhex, functools.partial(cbor2.dumps, canonical=True)  # the latter is D(value), section 2


def need(holds: Any, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def digest(raw: bytes) -> bytes:  # H(raw)
    return hashlib.sha256(raw).digest()


def plain(value: Any, room: int) -> bool:  # section 2, with at most `room` arrays or maps inside each other
    if type(value) is dict and all(type(key) is str or (type(key) is int and -24 <= key < 24) for key in value):
        value = list(value.values())
    if type(value) is list:
        return room > 0 and all(plain(inner, room - 1) for inner in value)
    return type(value) in (bytes, str, bool, type(None)) or (type(value) is int and -(2**63) <= value < 2**63)


def decode(raw: bytes, *kinds: Any) -> Any:
    """The value whose encoding is exactly `raw`; with kinds, an array with one element of each."""
    value = cbor2.loads(raw)
    need(plain(value, 16) and encode(value) == raw, "not the deterministic encoding")
    need(not kinds or (len(value) == len(kinds) and all(map(isinstance, value, kinds))), f"not {kinds}")
    return value


def verify(public: bytes, label: bytes, said: bytes, signature: bytes) -> None:  # the label with the network id, 2.3
    Ed25519PublicKey.from_public_bytes(public).verify(signature, encode(["Signature1", b"", b"sanji/1/" + label, said]))


def key_id(suite: int, public: bytes) -> bytes:  # of a key that may enter the roster, sections 2.2 and 5
    y = int.from_bytes(public, "little") % 2**255
    square = (y * y - 1) * pow(1 - y * y * 121665 * pow(121666, -1, PRIME), -1, PRIME)  # of the point's x
    need(y < PRIME and pow(square, PRIME // 2, PRIME) == 1, "not the one encoding of a point")
    need(suite == 1 and len(public) == 32 and min(y, PRIME - y) not in (0, 1, ORDER_8), "a weak key")
    return digest(public)[:8]


def enrolment(raw: bytes) -> bytes:  # the id of the key of this request, section 5.1
    version, place, level, _, suite, node, public, proof = request = decode(raw, int, str, str, str, int, *[bytes] * 3)
    fit = place.isascii() and place.replace("-", "").isalnum() and level in ("county", "township", "village", "station")
    need(version == 1 and fit and len(node) == 16, "another version or level, or no place or incarnation")
    verify(public, b"enrol", encode(request[:-1]), proof)
    return key_id(suite, public)


def event(before: bytes, raw: bytes, salt: Any, body: Any) -> Event:  # chained after `before`, section 3
    seq, kind, version, case, _, _, hlc, claimed, _, inline, commitment, ext = header = decode(raw, *HEADER)
    need(seq > 0 and 0 <= kind < 2**16 and 0 < version < 2**8 and hlc >= 0 and claimed >= -(2**62), "out of range")
    need((case is None or len(case) == 16) and (inline is None) != (commitment is None), "an unfit case id or body")
    need(all(type(key) is int for key in ext) and plain([*ext.values()], 9), "unfit extensions")
    need(body is None or (len(salt) == 16 and digest(salt + body) == commitment), f"the body at {seq} does not fit")
    return Event(digest(b"\1" + before + digest(b"\0" + raw)), header, raw, salt, body)


def climb(line: list[Any], at: int, size: int, path: list[bytes]) -> bytes:  # the root over a line of so many, 4
    need(line[1] > 0 and 0 <= at < size and all(len(one) == 32 for one in path), "an unfit line or path")
    node = digest(b"\0" + encode(line))
    while size > 1:
        if at % 2 or at + 1 < size:
            node = digest(b"\1" + (path.pop(0) + node if at % 2 else node + path.pop(0)))
        at, size = at // 2, (size + 1) // 2
    need(not path, "a path that is too long")
    return node


def root(level: list[bytes]) -> bytes:  # of the tree over these leaves, section 4
    pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
    above = [digest(b"\1" + b"".join(pair)) if pair[1:] else pair[0] for pair in pairs]
    return root(above) if len(level) > 1 else level[0]


class Reader:
    """Reads under the roster it has read so far, and remembers the events it has verified."""

    def __init__(self, book: dict[str, Any]) -> None:  # with roster, and chain hashes that messages do not carry
        self.network, self.county, self.threshold, self.roots, self.publisher = b"", "", 0, set[bytes](), b""
        self.keys, self.nodes = dict[bytes, bytes](), dict[bytes, Node]()  # by key id; by incarnation
        self.places: dict[str, list[Any]] = {}  # code -> level, parent, name
        self.heads: dict[str, tuple[int, list[bytes]]] = {}  # part -> epoch, payload hashes
        self.clock = 0  # of the request that is read
        for change in book.get("roster", []):
            self.grow(unhex(change))
        need(self.network.hex() == book.get("network_id", ""), "another network id")
        self.held = {(unhex(by), scope, seq): Event(unhex(hash)) for by, scope, seq, hash in book.get("positions", [])}

    def covers(self, place: str, other: str | None) -> bool:
        return place == other or (other in self.places and self.covers(place, self.places[other][1]))

    def signed(self, by: bytes, label: bytes, fields: list[Any], signature: bytes) -> None:
        verify(self.keys[self.nodes[by].key], label + self.network, encode(fields), signature)

    def stream(self, author: bytes, scope: str) -> bytes:  # the id of a stream that its author may write
        (kind, code), node = scope.split(":"), self.nodes[author]
        need(node.place == code or (kind == "about" and self.covers(node.place, code)), f"{scope} is not its author's")
        return digest(encode(["sanji/stream/1", self.network, author, scope, node.suite]))

    def grow(self, raw: bytes) -> None:  # by a change of the roster, section 5; after a refusal it is of no more use
        body, signatures = decode(raw, bytes, list)
        part, epoch, n, prev, _, ops = decode(body, str, int, int, bytes, int, list)
        (held_epoch, held), in_county = self.heads.get(part, (1, [])), part == (self.county or part)
        if held[n - 1 : n] == [digest(body)]:
            return  # held already
        need(n == len(held) + 1 and prev == [bytes(32), *held][-1], f"change {n} of {part} does not join the chain")
        kinds, signers = [op[0] for op in ops], {signer for signer, _ in signatures}
        need(1 not in kinds[1:] and (kinds[:1] == [1] or (kinds and self.network)), "no op, or a root out of place")
        need(len(signers) == len(signatures), "a key signs twice")
        self.network, self.county = self.network or digest(encode(ops[0])), self.county or part
        need(epoch == held_epoch + (1 in kinds and n > 1) or (not in_county and epoch > held_epoch), "the epoch")
        for order, op in enumerate(ops, n * 1000):  # each judged by what stands after those before it
            rooted = in_county and len(signers & self.roots) >= self.threshold
            namers = {self.publisher} if in_county else {node.key for node in self.nodes.values() if node.place == part}
            need(rooted or (op[0] in (3, 4) and signers & namers), f"op {op[0]} of {part} is not signed by who may")
            match op:
                case 1, threshold, pairs:
                    keys = {key_id(*pair): pair[1] for pair in pairs}
                    need(1 <= threshold <= len(signers & keys.keys()) and len(keys) == len(pairs), "too few or doubled")
                    self.threshold, self.roots, self.keys = threshold, {*keys}, self.keys | keys
                case 2, suite, public:
                    self.publisher, self.keys = key_id(suite, public), self.keys | {digest(public)[:8]: public}
                case 3, place, level, parent, name, ext:
                    need(parent in self.places if parent is not None else place == self.county, f"no parent of {place}")
                    need(self.places.get(place, [level, parent])[:2] == [level, parent], f"{place} is not as before")
                    need(plain([*ext.values()], 9) and min(ext, default=0) >= 0, "a deep or critical extension")
                    self.places[place] = [level, parent, name]
                case 4, incarnation, place, suite, public, proof:
                    need(incarnation not in self.nodes, "a node twice")
                    level, parent, name = self.places[place]
                    key = enrolment(encode([1, place, level, name, suite, incarnation, public, proof]))
                    self.nodes[incarnation], self.keys[key] = Node(place, suite, key, part, order), public
                case _:
                    raise ValueError(f"op {op[0]} is not known")
            need(in_county or (self.places[part][0] == "township" and self.covers(part, parent)), f"not under {part}")
        for signer, signature in signatures:
            verify(self.keys[signer], b"roster" + self.network, body, signature)
        self.heads[part] = (epoch, [*held, digest(body)])

    def seal(self, author: bytes, scope: str, events: list[Event], signature: bytes) -> None:  # and remember them
        self.signed(author, b"seal", [self.stream(author, scope), events[-1].header[0], events[-1].chain], signature)
        for one in events:
            need(self.held.setdefault((author, scope, one.header[0]), one).chain == one.chain, "another event is held")

    def read_stream(self, case: dict[str, Any]) -> None:  # of streams.json: events and seals
        author, scope = unhex(case["incarnation"]), case["scope"]
        events = [Event(self.stream(author, scope))]
        for written in case["events"]:
            salt, body = (None if written.get(part) is None else unhex(written[part]) for part in ("salt", "body"))
            events.append(event(events[-1].chain, unhex(written["header"]), salt, body))
            need(events[-1].header[0] == len(events) - 1, "a gap")
        for seal in case["seals"]:
            self.seal(author, scope, events[1 : seal["seq"] + 1], unhex(seal["signature"]))

    def segment(self, authors: Any, scopes: Any, streams: Any, segment: list[Any]) -> list[Any]:
        """Rebuild and verify a segment on the wire, section 8, with the tables that its indices point to; its line."""
        index, first, n, *columns, salts, bodies, commitments, signature = segment
        (author, scope), stream, events = streams[index], self.stream(*streams[index]), dict[int, Event]()
        chain, hlc = stream if first == 1 else self.held[author, scope, first - 1].chain, 0
        rows = [[values[0]] * n if type(values) is dict and [*values] == [0] else values for values in columns]
        need(0 < n <= 64 and all(type(row) is list and len(row) == n for row in rows), "a column of another length")
        for seq, row in enumerate(zip(*rows, strict=True), first):
            *kinds, case, after, deps, step, claim, actor, inline, ext = row
            whole, low = step if type(step) is list else (step, 0)
            hlc += ((whole + self.clock) << 16) + low if seq == first else step
            need(0 <= low < 65536, "no label")
            back = [author, seq - after, events[seq - after].chain[:8]] if type(after) is int else None
            after = back or (after and [authors[after[0]], *after[1:]])
            deps = [[authors[one], scopes[two], position] for one, two, position in deps]
            body: Any = bodies.pop(0) if inline is None else None
            salt, salts = (b"", salts) if body is None else (salts[:16], salts[16:])
            commitment = digest(salt + body) if salt else commitments.pop(0) if inline is None else None
            opened = digest(stream + seq.to_bytes(8, "big") + (commitment or digest(inline)))[:16]
            case = opened if case is True else events[seq - case].header[3] if type(case) is int else case
            header = [seq, *kinds, case, after, deps, hlc, claim + hlc // 65536, actor, inline, commitment, ext]
            events[seq] = event(chain, encode(header), salt, body)
            chain = events[seq].chain
        need(not salts and not bodies and not commitments, "more salts, bodies or commitments than events apart")
        self.seal(author, scope, list(events.values()), signature)
        return [stream, first + n - 1, chain]

    def receipt(self, raw: bytes) -> Any:  # the line that this stand-alone receipt attests, section 4
        *line, signer, time, count, at, path, proof = decode(raw, bytes, int, bytes, bytes, int, int, int, list, bytes)
        self.signed(signer, b"receipt", [signer, time, count, climb(line, at, count, path)], proof)
        return line

    def read_checkpoint(self, case: dict[str, Any]) -> None:  # of checkpoints.json: its event and every line, 4.1
        self.held, events = {}, [{"header": raw} for raw in case["headers"]]
        self.read_stream({**case, "incarnation": case["author"], "events": events, "seals": [case["seal"]]})
        last, place = self.held.popitem()[1].header, self.nodes[unhex(case["author"])].place
        need([*last[1:4], case["scope"]] == [64, 1, None, f"below:{place}"], "no checkpoint")
        body = decode(last[9])
        for row in case["lines"]:
            line = [self.stream(unhex(row["incarnation"]), row["scope"]), row["seq"], unhex(row["hash"])]
            need(climb(line, row["index"], body[0], [*map(unhex, row["path"])]) == body[1], "another root")

    def take(self, fields: Any, child: str, state: list[Any], tables: Any = ([], [], [])) -> Any:  # section 7
        for change in fields.get(6, []):
            self.grow(encode(change))
        names = {
            one[:4]: one for one in self.nodes if not tables[0] and [n[:4] for n in self.nodes].count(one[:4]) == 1
        }
        tables = [
            [*table, *(names.get(one, one) for one in fields.get(key, []))] for key, table in enumerate(tables, 7)
        ]
        authors, scopes, pairs = (dict(enumerate(table)) for table in tables)
        streams = {at // 2: (authors[pairs[at]], scopes[pairs[at + 1]]) for at in range(0, len(pairs), 2)}
        need(all(len(author) == 16 for author in tables[0]), "no incarnation")
        self.shown = {one[0]: self.segment(authors, scopes, streams, one) for one in fields.get(10, [])}
        for index, seq, salt, body in fields.get(14, []):
            need(self.held[*streams[index], seq].header[10] == digest(salt + body), "a body that does not fit")
        for index, seq, signer, *proof in fields.get(11, []):
            line = [self.stream(*streams[index]), seq, self.held[*streams[index], seq].chain]
            self.receipt(encode([*line, authors[signer], *proof]))
        told = [(entry, zip(flat[::2], flat[1::2], strict=True)) for *entry, flat in fields.get(4, [])]
        vector = [[*streams[at], *rest, sorted([authors[by], to] for by, to in rows)] for (at, *rest), rows in told]
        need(4 not in fields or sorted(vector) == sorted(state), "a vector of something else")
        for author, scope, seq, mark, receipts in state:
            need(self.held[author, scope, seq].chain[:8] == mark, f"another mark of {scope} at {seq}")
            sides = {self.covers(child, self.nodes[signer].place) for signer, _ in receipts}
            need(self.covers(child, self.nodes[author].place) not in sides, "a receipt of the author's own side")
        need(3 not in fields or digest(encode(state))[:8] == fields[3], "another digest")
        return tables

    def read_segment(self, case: dict[str, Any]) -> None:  # of segments.json
        segment, authors = decode(unhex(case["segment"])), [unhex(one) for one in case["incarnations"]]
        author, scope = case["streams"][2 * segment[0] :][:2]
        stream, held = (authors[author], case["scopes"][scope]), case["held"]
        self.held = {(*stream, seq): Event(unhex(chain)) for seq, chain in enumerate(held["chain"], held["first"])}
        self.take({7: authors, 8: case["scopes"], 9: case["streams"], 10: [segment]}, "", [])

    def read_exchange(self, case: dict[str, Any]) -> None:  # of exchange.json: signatures, then contents, section 7
        ancestor, request, reply = (unhex(case[name]) for name in ("ancestor", "request", "reply"))
        version, called, challenge, signature, asking = decode(request, int, bytes, bytes | None, bytes, bytes)
        other, answer, answering, *given = decode(reply)
        child = unhex(case["child"])  # whom `called` stands for
        above, place, tables = self.nodes[ancestor].place, self.nodes[child].place, list[list[Any]]([[], [], []])
        need(above != place and self.covers(above, place) and called == child[:4], f"{place} is not under {above}")
        need(version == other == 4 and len(given) < 3 and (challenge or b"x")[:1] != b"\0", "another form")
        self.signed(child, b"exchange", [0, child, ancestor, challenge, digest(asking)], signature)
        said, self.clock = [1, ancestor, child, challenge, digest(answering), digest(request)], 0
        for name, body, wrong, who in (("request", asking, {17, 18, 20}, []), ("reply", answering, {1, 2}, [ancestor])):
            if who:  # with a time the signature gives receipts for what the request brought
                time, streams = (*given, sorted(self.shown))[:2] if given else (0, [])
                need(bool(streams) is bool(given) and streams == sorted({*streams}), "no streams, or not ascending")
                leaves = [*sorted(encode(self.shown[at]) for at in streams), encode(said)]
                tree = [ancestor, time + self.clock, len(leaves), root([digest(b"\0" + leaf) for leaf in leaves])]
                self.signed(ancestor, b"receipt" if given else b"exchange", tree if given else said, answer)
            fields = decode(unhex(case[f"{name}_content"] or body[1:].hex()))  # packed content comes unpacked
            need(body[0] < 3 and min(fields, default=0) >= 0 and not fields.keys() & wrong, "an unfit field")
            need(all(fields.get(flag, True) is True for flag in (2, 15, 16)), "a flag that is not true")
            need(name == "reply" or len(fields.get(1, b"" if challenge else bytes(4))) == 4, "no nonce of 4 bytes")
            rows = sorted(case[f"{name}_state"] or [], key=lambda row: (row[1], row[0]))
            state = [[unhex(r[0]), *r[1:3], unhex(r[3]), [[unhex(by), to] for by, to in sorted(r[4])]] for r in rows]
            self.clock = self.clock if who else min(max(fields.get(19, 0), 0), 2**46)
            tables = self.take(fields, place, state, [[*tables[0], *who], *tables[1:]])


READERS: dict[str, Any] = {  # what reads each case in each list of a file
    "accepted": lambda _, case: decode(unhex(case["hex"])),
    "enrolments": lambda _, case: enrolment(unhex(case["request"])),
    "streams": Reader.read_stream,
    "segments": Reader.read_segment,
    "sets": lambda reader, case: [reader.receipt(unhex(raw)) for raw in case["receipts"]],
    "events": lambda reader, case: reader.receipt(unhex(case["receipt"])),
    "exchanges": Reader.read_exchange,
    "checkpoints": Reader.read_checkpoint,
}


def main(paths: list[str]) -> int:  # verify each file; the first that does not ends in an exception that says why
    for path in paths:
        reader = Reader(book := json.loads(Path(path).read_text(encoding="utf-8")))
        read = [READERS[name](reader, case) for name in book if name in READERS for case in book[name]]
        print(f"{path}: {len(read)} verified")
    return 0 if paths else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
