"""The second reader: verifies recorded protocol data, written from sync_protocol/PROTOCOL.md alone.

`python tests/second_reader.py FILE.json ...` prints one line a file and exits 0 only when everything in them verifies.
It shares no code with the programs it checks. Section numbers are those of that text.
"""

import copy
import functools
import hashlib
import json
import re
import sys
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Node = namedtuple("Node", "place suite public part order")
Event = namedtuple("Event", "header raw salt body chain")  # the header also as bytes, the chain hash after it
Book = dict[str, Any]  # a file of test vectors, or one case of it
Position = tuple[bytes, str, int]  # incarnation, scope, seq
Tables = list[list[Any]]  # incarnations, scopes, streams: fields 7, 8 and 9
unhex = bytes.fromhex
encode = functools.partial(cbor2.dumps, canonical=True)  # D(value), section 2


class Refused(Exception):
    """What was read does not verify: a name of section 10 and the reason."""


def need(holds: bool, code: str, reason: str) -> None:
    """Refuse unless it holds."""
    if not holds:
        raise Refused(code, reason)


def decode(raw: bytes) -> Any:
    """The value whose encoding is exactly `raw`."""
    try:
        value = cbor2.loads(raw)
    except cbor2.CBORError as error:
        raise Refused("malformed", str(error)) from error
    shallow(value, 16)
    need(encode(value) == raw, "malformed", "not the deterministic encoding")
    return value


def shallow(value: Any, room: int) -> None:
    """Refuse what section 2 does not allow, and more than `room` arrays or maps inside each other."""
    kind = type(value)
    good = all(type(key) is str or (type(key) is int and -24 <= key <= 23) for key in (value if kind is dict else []))
    good = good and (kind in (bytes, str, bool, list, dict, type(None)) or (kind is int and value in INT))
    need(good and (room > 0 or kind not in (list, dict)), "malformed", f"{kind} is not allowed here, or not its keys")
    for inner in value.values() if kind is dict else value if kind is list else []:
        shallow(inner, room - 1)


def fit(value: Any, shape: Any) -> bool:
    """True, or refused. 32: 32 bytes; a range: an integer in it; a list: a shape an element; (kind, n): up to n."""
    kind, good = type(value), False
    match shape:
        case int():
            good = kind is bytes and len(value) == shape
        case range():
            good = kind is int and value in shape
        case re.Pattern():
            good = kind is str and shape.fullmatch(value) is not None
        case type():
            good = isinstance(value, shape)
        case ("one", *allowed):
            good = any(kind is type(choice) and value == choice for choice in allowed)
        case ("maybe", inner):
            good = value is None or fit(value, inner)
        case (type(), most, *inner) if kind is shape[0]:
            size = len(value.encode() if kind is str else value)
            need(size <= most, "too_large", f"{size} where {most} are allowed")
            good = not inner or all(fit(element, inner[0]) for element in value)
        case list():
            good = kind is list and len(value) == len(shape) and all(map(fit, value, shape))
    need(good, "malformed", f"{str(value)[:60]} is not {shape}")
    return True


NAT, SEQ, INT, MANY = range(2**63), range(1, 2**63), range(-(2**63), 2**63), 2**20
CODE = re.compile(r"[0-9A-Za-z]{1,16}(-[0-9A-Za-z]{1,8}){0,3}")
SCOPE = re.compile("(about|below):" + CODE.pattern)
LEVEL, TEXT, BODY = ("one", "county", "township", "village", "station"), (str, MANY), (bytes, 24576)
AFTER = [16, SEQ, 8]
HEADER = [SEQ, range(65536), range(1, 256), ("maybe", 16), ("maybe", AFTER), (list, 8, [16, SCOPE, SEQ]), NAT,
          range(-(2**62), 2**63), (str, 64), ("maybe", (bytes, 2048)), ("maybe", 32), dict]  # fmt: skip
ENROLMENT = [("one", 1), CODE, LEVEL, TEXT, ("one", 1), 16, 32, 64]
CHANGE = [(bytes, 65536), (list, 16, [8, 64])]
PAYLOAD = [CODE, NAT, SEQ, 32, INT, (list, 999, list)]
OPS = {1: [INT, SEQ, (list, 16, [INT, 32])], 2: [INT, INT, 32], 4: [INT, 16, CODE, INT, 32, 64],
       3: [INT, CODE, LEVEL, ("maybe", CODE), TEXT, dict]}  # fmt: skip
SEGMENT = [NAT, SEQ, SEQ, *[object] * 10, (bytes, 1024), (list, 64, ("maybe", BODY)), (list, 64, 32), 64]
RECEIPT = [32, SEQ, 32, 16, INT, SEQ, NAT, (list, 64, 32), 64]
MESSAGE = (bytes, 2**20)
REQUEST, REPLY = [("one", 1), 16, ("maybe", 24), 64, MESSAGE], [("one", 1), 64, MESSAGE]
TRUE, PAIRS = ("one", True), (list, MANY, NAT)
FIELDS = {
    0: [NAT, NAT, PAIRS, TEXT], 1: 8, 2: TRUE, 3: 16, 4: (list, 20000, [NAT, SEQ, 8, PAIRS]),
    5: (list, MANY, [CODE, NAT, NAT, 8]), 6: (list, 1024, CHANGE),
    7: (list, MANY, 16), 8: (list, MANY, SCOPE), 9: PAIRS, 10: (list, 512, list),
    11: (list, 1024, [NAT, SEQ, NAT, *RECEIPT[4:]]), 12: (list, 1024, [NAT, SEQ, ("one", 1, 2), NAT]),
    13: (list, 256, [NAT, SEQ]), 14: (list, MANY, [NAT, SEQ, 16, BODY]), 15: TRUE, 16: TRUE,
    17: 24, 18: ("one", 1, 2), 19: INT, 20: INT,
}  # fmt: skip
PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ORDER_8 = int.from_bytes(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
SMALL_ORDER = (0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8)  # the y of all points whose 8-fold is zero


def digest(raw: bytes) -> bytes:
    """H(raw)."""
    return hashlib.sha256(raw).digest()


def usable_key(suite: int, public: bytes) -> None:
    """Refuse a key that may not enter the roster, section 2.2."""
    need(suite == 1, "bad_roster", "a suite that is not known")
    y = int.from_bytes(public, "little") % 2**255
    on_curve = pow((y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME), (PRIME - 1) // 2, PRIME) == 1
    need(y < PRIME and on_curve and y not in SMALL_ORDER, "weak_key", public.hex())


def verify(public: bytes, label: str, network: bytes, payload: bytes, signature: bytes, code: str) -> None:
    """Refuse with `code` what this key did not sign, section 2.3."""
    try:
        signed = encode(["Signature1", b"", b"sanji/1/" + label.encode() + network, payload])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature as error:
        raise Refused(code, f"the {label} signature does not verify") from error


@dataclass
class Roster:
    """Section 5: what the changes read so far amount to."""

    network: bytes = b""
    county: str = ""
    threshold: int = 0
    roots: list[bytes] = field(default_factory=list)
    publisher: bytes = b""
    places: dict[str, list[Any]] = field(default_factory=dict)  # code -> level, parent, name
    nodes: dict[bytes, Node] = field(default_factory=dict)
    heads: dict[str, tuple[int, list[bytes]]] = field(default_factory=dict)  # part -> epoch, payload hashes

    def covers(self, place: str, other: str | None) -> bool:
        return place == other or (other in self.places and self.covers(place, self.places[other][1]))

    def follows(self, place: str, scope: str) -> bool:
        kind, code = scope.split(":")
        return self.covers(place, code) or (kind == "below" and self.covers(code, place))

    def stream(self, incarnation: bytes, scope: str) -> tuple[bytes, bytes]:
        """The id of a stream and its author's public key, if the author may write it."""
        kind, code = scope.split(":")
        need(incarnation in self.nodes and code in self.places, "unknown_incarnation", f"{incarnation.hex()} or {code}")
        node = self.nodes[incarnation]
        need(node.place == code or (kind == "about" and self.covers(node.place, code)), "scope_not_allowed", scope)
        return digest(encode(["sanji/stream/1", self.network, incarnation, scope, node.suite])), node.public

    def grow(self, raw: bytes) -> "Roster":
        """This roster and one more change; one that is held already changes nothing."""
        need(len(raw) <= 65536, "too_large", "a roster change")
        fit(change := decode(raw), CHANGE)
        fit(payload := decode(change[0]), PAYLOAD)
        part, epoch, n, prev, _, ops = payload
        held_epoch, held = self.heads.get(part, (1, []))
        if n <= len(held):
            need(held[n - 1] == digest(change[0]), "roster_rollback", f"another change {n} of {part}")
            return self
        need(n == len(held) + 1 and prev == [bytes(32), *held][-1], "bad_roster", "does not join the chain")
        for op in ops:
            fit(op[:1], [INT])
            fit(op, OPS.get(op[0], list))
        after = copy.deepcopy(self)
        if not self.network:
            need(bool(ops) and ops[0][0] == 1, "bad_roster", "the first op is not the root")
            after.network, after.county = digest(encode(ops[0])), part
        signers = after._signers(change, ops)
        known = all(op[0] in OPS and (op[0] != 3 or read_extensions(op[5]) >= 0) for op in ops)
        need(known, "needs_update", "an op or a critical extension that is not known")
        need(all(op[0] != 1 for op in ops[1:]), "bad_roster", "a root that is not the first op")
        for index, op in enumerate(ops):
            after._apply(op, part, signers, n * 1000 + index)
        due = held_epoch + (bool(held) and any(op[0] == 1 for op in ops))
        need(epoch == due or (part != after.county and epoch > due), "bad_roster", f"epoch {epoch} instead of {due}")
        after.heads[part] = (epoch, [*held, digest(change[0])])
        return after

    def _signers(self, change: Any, ops: list[Any]) -> set[bytes]:
        named = [key for op in ops if op[0] == 1 for _, key in op[2]]
        named += [op[2] for op in ops if op[0] == 2] + [op[4] for op in ops if op[0] == 4]
        known = [*self.roots, self.publisher, *(node.public for node in self.nodes.values()), *named]
        by_id, signers = {digest(key)[:8]: key for key in known}, set[bytes]()
        for key_id, signature in change[1]:
            need(key_id in by_id and by_id[key_id] not in signers, "bad_roster", "an unknown key, or one key twice")
            verify(by_id[key_id], "roster", self.network, change[0], signature, "bad_roster")
            signers.add(by_id[key_id])
        return signers

    def _apply(self, op: list[Any], part: str, signers: set[bytes], order: int) -> None:
        rooted = len(signers.intersection(self.roots)) >= self.threshold
        if op[0] == 1:
            for suite, key in op[2]:
                usable_key(suite, key)
            keys = [key for _, key in op[2]]
            need(op[1] <= len(set(keys)) == len(keys), "bad_roster", "a threshold out of reach, or a key twice")
            entitled = part == self.county and rooted and len(signers.intersection(keys)) >= op[1]
            self.threshold, self.roots = op[1], keys
        elif op[0] == 2:
            usable_key(op[1], op[2])
            entitled, self.publisher = part == self.county and rooted, op[2]
        elif part == self.county:
            entitled = rooted or self.publisher in signers
        else:
            entitled = any(node.place == part and node.public in signers for node in self.nodes.values())
        need(entitled, "not_entitled", f"op {op[0]} in {part}")
        if op[0] == 3:
            _, place, level, parent, name, _ = op
            sound = parent in self.places if parent is not None else place == self.county
            sound = sound and self.places.get(place, op[2:4])[:2] == op[2:4]
            self.places[place] = [level, parent, name]
            need(sound and self._holds(part, place), "bad_roster", f"{place} is not as before, or not under {part}")
        if op[0] == 4:
            _, incarnation, place, suite, public, proof = op
            usable_key(suite, public)
            sound = incarnation not in self.nodes and place in self.places and self._holds(part, place)
            need(sound, "bad_roster", f"a node twice, or its place {place} not named, or not under {part}")
            level, _, name = self.places[place]
            request = encode([1, place, level, name, suite, incarnation, public])
            verify(public, "enrol", b"", request, proof, "bad_roster")
            self.nodes[incarnation] = Node(place, suite, public, part, order)

    def _holds(self, part: str, place: str) -> bool:
        below = part != place and self.covers(part, place)
        return part == self.county or (below and self.places[part][0] == "township")

    def signed(self, by: bytes, label: str, fields: list[Any], signature: bytes, code: str) -> None:
        """Refuse with `code` what this registered node did not sign."""
        verify(self.nodes[by].public, label, self.network, encode(fields), signature, code)


def read_extensions(extensions: dict[Any, Any]) -> int:
    """The lowest key of an extension map, 0 where it is empty."""
    need(all(type(key) is int for key in extensions), "malformed", "an extension with a text key")
    shallow(list(extensions.values()), 9)
    return min(extensions, default=0)


def read_event(before: bytes, raw: bytes, salt: bytes | None = None, body: bytes | None = None) -> Event:
    """The event with this header, chained after `before`, section 3."""
    fit(header := decode(raw), HEADER)
    need((header[9] is None) != (header[10] is None), "malformed", "not exactly one of inline and commitment")
    read_extensions(header[11])
    need(len(raw) <= 4096, "too_large", "a header")
    if salt is not None and body is not None:
        need(digest(salt + body) == header[10], "bad_commitment", f"the body at {header[0]}")
    return Event(header, raw, salt, body, digest(b"\1" + before + digest(b"\0" + raw)))


def opened_case(stream: bytes, seq: int) -> bytes:
    """The id of a case that the event at `seq` opens."""
    return digest(stream + seq.to_bytes(8, "big"))[:16]


def entry(table: list[Any], index: Any) -> Any:
    """What an index of a message points at."""
    fit(index, range(len(table)))
    return table[index]


def stream_at(tables: Tables, index: Any) -> tuple[bytes, str]:
    """Author and scope of a stream of a message."""
    fit(index, range(len(tables[2]) // 2))
    return entry(tables[0], tables[2][2 * index]), entry(tables[1], tables[2][2 * index + 1])


def column(values: Any, n: int) -> list[Any]:
    """The n values of a column, section 8."""
    uniform = type(values) is dict and list(values) == [0]
    need(uniform or (type(values) is list and len(values) == n), "malformed", "a column")
    return [values[0]] * n if uniform else list(values)


@dataclass
class Reader:
    """Reads streams, segments, receipts and messages against one roster; remembers the chain hashes it has verified."""

    roster: Roster
    chains: dict[Position, bytes] = field(default_factory=dict)
    commitments: dict[Position, bytes] = field(default_factory=dict)

    def seal(self, incarnation: bytes, scope: str, last: Event, signature: bytes) -> None:
        """Verify the author's seal after this event."""
        stream, public = self.roster.stream(incarnation, scope)
        payload = encode([stream, last.header[0], last.chain])
        verify(public, "seal", self.roster.network, payload, signature, "bad_seal")

    def store(self, incarnation: bytes, scope: str, events: list[Event]) -> None:
        """Remember sealed events; those of held positions are compared."""
        for event in events:
            position = (incarnation, scope, event.header[0])
            need(self.chains.get(position, event.chain) == event.chain, "fork", f"another event at {event.header[0]}")
            self.chains[position], self.commitments[position] = event.chain, event.header[10]

    def segment(self, tables: Tables, segment: Any, receiver: str | None = None) -> list[Event]:
        """The events of a segment, admitted in the order of section 6."""
        fit(segment, SEGMENT)
        index, first, n = segment[:3]
        salts, bodies, commitments, signature = segment[13:]
        need(n <= 64, "too_large", "more than 64 events")
        rows = list(zip(*(column(values, n) for values in segment[3:13]), strict=True))
        apart, missing = sum(one[8] is None for one in rows), bodies.count(None)
        counted = len(bodies) == apart and len(commitments) == missing and len(salts) == 16 * (apart - missing)
        need(counted, "malformed", "salts, bodies and commitments do not match the events apart")
        incarnation, scope = stream_at(tables, index)
        unknown = receiver is None or scope.split(":")[1] not in self.roster.places
        need(unknown or self.roster.follows(receiver or "", scope), "scope_not_followed", scope)
        stream, _ = self.roster.stream(incarnation, scope)
        before = stream if first == 1 else self.chains.get((incarnation, scope, first - 1))
        need(before is not None, "gap", f"position {first - 1} is not here")
        events = self._events(tables, segment, rows, before or stream)
        size = sum(len(event.raw) + len(event.salt or b"") + len(event.body or b"") for event in events)
        need(n == 1 or size <= 32768, "too_large", f"{size} bytes in a segment")
        self.seal(incarnation, scope, events[-1], signature)
        self.store(incarnation, scope, events)
        return events

    def _events(self, tables: Tables, segment: Any, rows: list[tuple[Any, ...]], chain: bytes) -> list[Event]:
        (incarnation, scope), first = stream_at(tables, segment[0]), segment[1]
        salts, bodies, commitments = segment[13], iter(segment[14]), iter(segment[15])
        events, hlc = list[Event](), 0
        for place, (kind, version, case, after, deps, step, claim, actor, inline, ext) in enumerate(rows):
            fit([step, claim, deps], [INT, INT, (list, 8, [NAT, NAT, SEQ])])
            hlc += step
            if case is True:
                case = opened_case(self.roster.stream(incarnation, scope)[0], first + place)
            elif type(case) is int:
                fit(case, range(1, place + 1))
                case = events[place - case].header[3]
            if type(after) is int:
                fit(after, range(1, place + 1))
                after = [incarnation, first + place - after, events[place - after].chain[:8]]
            elif after is not None:
                fit(after, [NAT, SEQ, 8])
                after = [entry(tables[0], after[0]), *after[1:]]
            deps = [[entry(tables[0], author), entry(tables[1], about), seq] for author, about, seq in deps]
            body = next(bodies) if inline is None else None
            salt, salts = (salts[:16], salts[16:]) if body is not None else (None, salts)
            commitment = digest(salt + body) if salt else next(commitments) if inline is None else None
            head, tail = [first + place, kind, version, case, after, deps], [actor, inline, commitment, ext]
            events.append(read_event(chain, encode([*head, hlc, claim + hlc // 65536, *tail]), salt, body))
            chain = events[-1].chain
        return events

    def receipt(self, raw: bytes) -> Any:
        """The stand-alone receipt in these bytes, section 4."""
        fit(receipt := decode(raw), RECEIPT)
        line, (signer, time, count, index, path, signature) = encode(receipt[:3]), receipt[3:]
        need(signer in self.roster.nodes, "unknown_incarnation", signer.hex())
        need(index < count, "malformed", "an index beyond the count")
        node, at, size, left = digest(b"\0" + line), index, count, list(path)
        while size > 1:
            if at % 2 or at + 1 < size:
                need(bool(left), "bad_receipt", "the path is too short")
                node = digest(b"\1" + (left.pop(0) + node if at % 2 else node + left.pop(0)))
            at, size = at // 2, (size + 1) // 2
        need(not left, "bad_receipt", "the path is too long")
        self.roster.signed(signer, "receipt", [signer, time, count, node], signature, "bad_receipt")
        return receipt

    def request(self, raw: bytes, recipient: bytes) -> tuple[bytes, bytes | None, bytes]:
        """Sender, challenge and body of a request that its sender signed, section 7."""
        fit(raw, MESSAGE)
        fit(request := decode(raw), REQUEST)
        _, sender, challenge, signature, body = request
        nodes = self.roster.nodes
        need(sender in nodes and recipient in nodes, "unknown_node", sender.hex())
        places = nodes[recipient].place, nodes[sender].place
        need(places[0] != places[1] and self.roster.covers(*places), "not_a_child", places[1])
        payload = [0, sender, recipient, challenge, digest(body)]
        self.roster.signed(sender, "exchange", payload, signature, "bad_signature")
        return sender, challenge, body

    def reply(self, raw: bytes, ancestor: bytes, child: bytes, challenge: bytes | None, request: bytes) -> bytes:
        """The body of a reply that the ancestor signed for this very request."""
        fit(raw, MESSAGE)
        fit(reply := decode(raw), REPLY)
        payload = [1, ancestor, child, challenge, digest(reply[2]), digest(request)]
        self.roster.signed(ancestor, "exchange", payload, reply[1], "bad_signature")
        return reply[2]

    def take(self, fields: dict[int, Any], receiver: bytes) -> Tables:
        """Verify all that a message carries, in the order of section 7.3."""
        for change in fields.get(6, []):
            self.roster = self.roster.grow(encode(change))
        for part, _, n, mark in fields.get(5, []):
            known = [held[:8] for held in self.roster.heads.get(part, (0, []))[1]]
            need(n == 0 or known[n - 1 : n] == [mark], "roster_rollback", f"the head of {part}")
        tables = [fields.get(key, []) for key in (7, 8, 9)]
        for segment in fields.get(10, []):
            self.segment(tables, segment, self.roster.nodes[receiver].place)
        for index, seq, salt, body in fields.get(14, []):
            position = (*stream_at(tables, index), seq)
            need(self.commitments.get(position) == digest(salt + body), "bad_commitment", f"the body at {position}")
        for index, seq, signer, *proof in fields.get(11, []):
            stream = stream_at(tables, index)
            need((*stream, seq) in self.chains, "gap", f"a receipt for {stream} at {seq}")
            line = [self.roster.stream(*stream)[0], seq, self.chains[(*stream, seq)]]
            self.receipt(encode([*line, entry(tables[0], signer), *proof]))
        return tables

    def state(self, rows: list[list[Any]], announced: bytes, child: bytes) -> None:
        """Verify what a message's sender held (rows as they are hashed) and the digest of it, section 7.2."""
        place, nodes = self.roster.nodes[child].place, self.roster.nodes
        for author, scope, seq, mark, receipts in rows:
            need(self.chains.get((author, scope, seq), b"")[:8] == mark, "fork", f"the mark of {scope} at {seq}")
            need(self.roster.follows(place, scope), "scope_not_followed", scope)
            side, *others = [self.roster.covers(place, nodes[node].place) for node, _ in [(author, 0), *receipts]]
            need(side not in others, "bad_receipt", "a signer on the side of the author")
            receipts.sort()
        rows.sort(key=lambda row: (row[1], row[0]))
        need(digest(encode(rows))[:16] == announced, "malformed", "another digest")


def vector_rows(tables: Tables, vector: list[Any]) -> list[list[Any]]:
    """A vector as the rows that the digest is taken over."""
    rows = []
    for index, seq, mark, receipts in vector:
        need(len(receipts) % 2 == 0, "malformed", "a signer without a position")
        held = [[entry(tables[0], receipts[at]), receipts[at + 1]] for at in range(0, len(receipts), 2)]
        rows.append([*stream_at(tables, index), seq, mark, held])
    return rows


def message_fields(body: bytes, unpacked: bytes, directed: tuple[int, ...]) -> dict[int, Any]:
    """The fields of a message's body (packed content comes unpacked); `directed` has the other direction only."""
    need(body[:1] in (b"\0", b"\1", b"\2"), "malformed", "an unknown codec")
    fit(content := body[1:] if body[:1] == b"\0" else unpacked, (bytes, 2**22))
    fit(fields := decode(content), dict)
    need(all(type(key) is int for key in fields), "malformed", "a field that is not a number")
    need(min(fields, default=0) >= 0, "needs_update", "a critical field that is not known")
    for key, value in fields.items():
        need(key not in directed, "malformed", f"field {key} in the wrong direction")
        fit(value, FIELDS.get(key, object))
    versions = fields.get(0, [1, 1])
    need(versions[0] <= 1 <= versions[1], "no_such_version", "version 1 is not among them")
    return fields


def roster_of(changes: list[str]) -> Roster:
    """The roster that these changes make, each in hex."""
    return functools.reduce(Roster.grow, map(unhex, changes), Roster())


def read_stream(reader: Reader, stream: Book) -> list[Event]:
    """Verify the events and seals of one stream of streams.json."""
    incarnation, scope = unhex(stream["incarnation"]), stream["scope"]
    (chain, _), events = reader.roster.stream(incarnation, scope), list[Event]()
    for seq, written in enumerate(stream["events"], 1):
        salt, body = [None if written[name] is None else unhex(written[name]) for name in ("salt", "body")]
        events.append(event := read_event(chain, unhex(written["header"]), salt, body))
        need(event.header[0] == seq, "gap", f"{event.header[0]} in the place of {seq}")
        chain = event.chain
    for seal in stream["seals"]:
        reader.seal(incarnation, scope, events[seal["seq"] - 1], unhex(seal["signature"]))
    reader.store(incarnation, scope, events)
    return events


def read_segment(reader: Reader, case: Book) -> list[Event]:
    """Verify one segment of segments.json."""
    tables = [[unhex(one) for one in case["incarnations"]], case["scopes"], case["streams"]]
    segment = decode(unhex(case["segment"]))
    stream, held = stream_at(tables, segment[0]), enumerate(case["held"]["chain"], case["held"]["first"])
    receiver = Reader(reader.roster, {(*stream, seq): unhex(chain) for seq, chain in held})
    return receiver.segment(tables, segment, case["receiver"])


def state_rows(state: list[Any]) -> list[list[Any]]:
    """A state of exchange.json as the rows that the digest is taken over."""
    held = [[[unhex(signer), upto] for signer, upto in receipts] for *_, receipts in state]
    return [[unhex(row[0]), *row[1:3], unhex(row[3]), receipts] for row, receipts in zip(state, held, strict=True)]


def read_exchange(reader: Reader, case: Book) -> None:
    """Verify one exchange of exchange.json."""
    child, ancestor, request, reply = (unhex(case[name]) for name in ("child", "ancestor", "request", "reply"))
    _, challenge, asking = reader.request(request, ancestor)
    answering = reader.reply(reply, ancestor, child, challenge, request)
    asked = message_fields(asking, unhex(case["request_content"] or ""), (17, 18, 20))
    answered = message_fields(answering, unhex(case["reply_content"] or ""), (1, 2))
    need((1 in asked) == (challenge is not None), "malformed", "a nonce without challenge, or none with it")
    if challenge is None:
        need(set(answered) <= {0, 5, 6, 17}, "malformed", "something was given without a challenge")
        asked = {}  # nothing else in such a request is read
    for fields, receiver, sent in ((asked, ancestor, "request_state"), (answered, child, "reply_state")):
        tables = reader.take(fields, receiver)
        if 3 in fields:
            vector = [vector_rows(tables, fields[4])] if 4 in fields else []
            for rows in [state_rows(case[sent]), *vector]:
                reader.state(rows, fields[3], child)


def reader_of(book: Book) -> Reader:
    """A reader with the roster of a file, that knows what its messages rely on but do not carry."""
    roster = roster_of(book.get("roster", []))
    need(roster.network.hex() == book.get("network_id", ""), "bad_roster", "another network id")
    held = [{(unhex(author), scope, seq): unhex(known) for author, scope, seq, known in book.get(name, [])}
            for name in ("positions", "commitments")]  # fmt: skip
    return Reader(roster, *held)


def read_encoding(_: Reader, case: Book) -> None:
    """Read an accepted encoding; one of the refused has no value and must not be read."""
    accepted = True
    try:
        decode(unhex(case["hex"]))
    except Refused:
        accepted = False
    need(accepted == ("value" in case), "malformed", case["name"])


def read_enrolment(_: Reader, case: Book) -> Any:
    """Verify an enrolment request, section 5.1."""
    fit(request := decode(unhex(case["request"])), ENROLMENT)
    usable_key(request[4], request[6])
    verify(request[6], "enrol", b"", encode(request[:7]), request[7], "bad_signature")
    return request


def read_receipts(reader: Reader, case: Book) -> list[Any]:
    """Verify the receipts of one moment, or the one receipt for an event."""
    return [reader.receipt(unhex(raw)) for raw in case.get("receipts") or [case["receipt"]]]


READERS: dict[str, Any] = {  # by the name of a file: what reads its cases, and the lists that hold them
    "encodings.json": (read_encoding, ["accepted", "refused"]),
    "roster.json": (read_enrolment, ["enrolments"]),
    "streams.json": (read_stream, ["streams"]),
    "segments.json": (read_segment, ["segments"]),
    "receipts.json": (read_receipts, ["sets", "events"]),
    "exchange.json": (read_exchange, ["exchanges"]),
}


def main(paths: list[str]) -> int:
    """Verify each file; 0 when all verify."""
    failed = 0
    for path in map(Path, paths):
        try:
            book, (read, lists) = json.loads(path.read_text(encoding="utf-8")), READERS[path.name]
            reader = reader_of(book)
            cases = [read(reader, case) for name in lists for case in book[name]]
            print(f"{path}: {len(cases)} verified")
        except (Refused, LookupError, TypeError, ValueError, OSError) as error:
            failed += 1
            print(f"{path}: NOT verified: {type(error).__name__}: {error}")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
