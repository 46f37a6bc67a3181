"""Verifies an evidence package of one case, with no node, no network and no database; PROTOCOL.md, section 15.

    python -I verify_evidence.py FILE [--network HEX]

Exit code 0: everything in the file holds, and what it shows is printed; 1: it does not, and why. It stands alone: it
needs `cbor2` and `cryptography`, and nothing else of the project.
"""

import argparse
import hashlib
import sys
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LARGEST = 67_108_864
COUNTY_ROOT, PUBLISHER, PLACE, NODE, REVOKE, SUCCEED, RULING = 1, 2, 3, 4, 6, 7, 8  # ops of the roster, section 5
COUNTS = "effective=有效 waiting=等待 needs_update=待升级 void=无效 contested=冲突 =依据"
VERDICTS = dict(one.split("=") for one in COUNTS.split())
PRIME, ORDER_8 = 2**255 - 19, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
encode = partial(cbor2.dumps, canonical=True)  # D of section 2
NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)  # of other forms


class Rejected(Exception):
    """Something in the file does not hold; the text says what."""


class Node(NamedTuple):
    """A node of the roster: its place, its key, and whether a ruling has struck it."""

    place: str
    suite: int
    public: bytes
    struck: bool


class Event(NamedTuple):
    """An event that is shown: where it stands, in which run, its header, its body where it is here, its verdict."""

    incarnation: bytes
    scope: str
    seq: int
    run: dict[int, bytes]
    header: list[Any]
    body: bytes | None
    verdict: str


def need(holds: Any, reason: str) -> None:
    """Raises Rejected with the reason unless it holds."""
    if not holds:
        raise Rejected(reason)


def digest(raw: bytes) -> bytes:
    """H of section 2."""
    return hashlib.sha256(raw).digest()


def is_hash(value: Any) -> bool:
    """Whether it can be one."""
    return type(value) is bytes and len(value) == 32


def _is_plain(value: Any, room: int, left: list[int]) -> bool:
    left[0] -= 1  # no value has more parts than bytes: one that is shared may be walked through for ever
    if type(value) is dict and all(type(key) is str or (type(key) is int and -24 <= key < 24) for key in value):
        value = list(value.values())
    if type(value) is list:
        return room > 0 and left[0] >= 0 and all(_is_plain(inner, room - 1, left) for inner in value)
    whole = type(value) is int and -(2**63) <= value < 2**63
    return whole or type(value) in (bytes, str, bool, type(None))


def decode(raw: bytes, what: str, *kinds: Any) -> Any:
    """The value whose one encoding is `raw`; with kinds, an array with one element of each. Raises Rejected."""
    try:
        value = cbor2.loads(raw)
        need(_is_plain(value, 16, [len(raw)]) and encode(value) == raw, f"{what}: not the one encoding of its value")
    except (cbor2.CBORError, OSError, MemoryError, *NONSENSE) as problem:
        raise Rejected(f"{what}: no encoding: {problem}") from None
    return array(value, what, *kinds) if kinds else value


def array(value: Any, what: str, *kinds: Any) -> list[Any]:
    """An array with one element of each kind, where True and False are no numbers."""
    fits = type(value) is list and len(value) == len(kinds)
    fits = fits and all(isinstance(one, kind) and type(one) is not bool for one, kind in zip(value, kinds, strict=True))
    need(fits, f"{what}: not the array that it must be")
    return list(value)


def verify(public: bytes, label: bytes, said: bytes, signature: bytes, what: str) -> None:
    """A signature of section 2.3; the label with the network id behind it."""
    try:
        whole = encode(["Signature1", b"", b"sanji/1/" + label, said])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, whole)
    except (InvalidSignature, ValueError):
        raise Rejected(f"{what}: the signature is not that key's") from None


def key_id(suite: int, public: bytes) -> bytes:
    """The id of a key that may enter a roster, section 2.2."""
    need(suite == 1 and len(public) == 32, "roster: a key of another suite or length")
    y = int.from_bytes(public, "little") % 2**255
    square = (y * y - 1) * pow(1 - y * y * 121665 * pow(121666, -1, PRIME), -1, PRIME)
    sound = y < PRIME and pow(square, PRIME // 2, PRIME) == 1 and min(y, PRIME - y) not in (0, 1, ORDER_8)
    need(sound, "roster: a key that is no point of the curve, or of small order")
    return digest(public)[:8]


class Roster:
    """Which places and nodes there are, with which keys: section 5."""

    def __init__(self) -> None:
        self.network, self.county, self.threshold, self.roots, self.publisher = b"", "", 0, set[bytes](), b""
        self.keys: dict[bytes, bytes] = {}  # by key id
        self.nodes: dict[bytes, Node] = {}  # by incarnation
        self.named: dict[bytes, set[str]] = {}  # incarnation -> parts that name it
        self.places: dict[str, tuple[str, str | None, str]] = {}  # code -> level, parent, name
        self.heirs: dict[str, str] = {}  # code -> who succeeds it
        self.successions: dict[str, int] = {}  # code -> how many lead to it, one behind the other
        self.heads: dict[str, tuple[int, list[bytes]]] = {}  # part -> epoch, payload hashes
        self.revoked: dict[bytes, tuple[bool, dict[str, int], int]] = {}  # by the county, scope -> cut, upto
        self.rulings: dict[str, list[tuple[int, list[bytes], int]]] = {}  # part -> split, hashes, epoch

    def line(self, code: Any, heirs: bool = False) -> list[Any]:
        """A place and its ancestors; with `heirs`, and whoever succeeds one of these."""
        found = [code]
        for one in found:
            found += {self.heirs.get(one) if heirs else None, self.places.get(one, ("", None))[1]} - {None, *found}
        return found

    def covers(self, place: Any, other: Any, heirs: bool = False) -> bool:
        """Whether a place is another one or an ancestor of it; with `heirs`, or succeeds one of these."""
        return place in self.line(other, heirs)

    def follows(self, place: str, scope: str) -> bool:
        """Whether a node at a place keeps a scope, section 1."""
        kind, _, code = scope.partition(":")
        return self.covers(place, code, heirs=True) or (kind == "below" and self.covers(code, place, heirs=True))

    def node(self, incarnation: Any, what: str) -> Node:
        """A node that stands."""
        need(incarnation in self.nodes, f"{what}: by a node that the roster does not know")
        need(not (self.nodes[incarnation].struck or incarnation in self.revoked), f"{what}: by one struck, or revoked")
        return self.nodes[incarnation]

    def signed(self, incarnation: Any, label: bytes, said: bytes, signature: bytes, what: str) -> Node:
        """Raises Rejected unless that node, which stands, has signed it."""
        node = self.node(incarnation, what)
        verify(node.public, label + self.network, said, signature, what)
        return node

    def stream(self, author: Any, scope: Any) -> bytes:
        """The id of a stream that its author may write."""
        need(author in self.nodes and type(scope) is str, "a stream of a node that the roster does not know")
        (kind, _, code), place = scope.partition(":"), self.nodes[author].place
        allowed = place == code if kind == "below" else kind == "about" and self.covers(place, code, heirs=True)
        need(allowed and code in self.places, f"{place} may not write into {scope}")
        return digest(encode(["sanji/stream/1", self.network, author, scope, self.nodes[author].suite]))

    def grow(self, value: Any) -> None:
        """Take the next change. Raises Rejected."""
        body, signatures = array(value, "roster change", bytes, list)
        part, epoch, n, prev, _, ops = decode(body, "roster change", str, int, int, bytes, int, list)
        where = f"roster change {n} of {part}"
        need(ops and all(type(op) is list and op and type(op[0]) is int for op in ops), f"{where}: no ops")
        held_epoch, held = self.heads.get(part, (1, []))
        need(n == len(held) + 1 and prev == [bytes(32), *held][-1], f"{where}: does not join the chain")
        kinds = [op[0] for op in ops]
        need(not {COUNTY_ROOT, RULING} & {*kinds[1:]}, f"{where}: a root or a ruling that is not first")
        if not self.network:
            need(kinds[0] == COUNTY_ROOT, f"{where}: a network begins with its root")
            self.network, self.county = digest(encode(ops[0])), part
        if part == self.county:
            need(epoch == held_epoch + (n > 1 and kinds[0] in (COUNTY_ROOT, RULING)), f"{where}: another epoch")
        else:
            need(self.places.get(part, ("",))[0] == "township" and epoch >= held_epoch, f"{where}: no part, or older")
        for split, hashes, since in self.rulings.get(part, []):
            in_ruling = split <= n < split + len(hashes)
            stands = digest(body) == hashes[n - split] if in_ruling else n < split or epoch >= since
            need(stands or part == self.county, f"{where}: the root has ruled that another one stands")
        for op in ops:
            pairs = {COUNTY_ROOT: op[-1], PUBLISHER: [op[1:3]], NODE: [op[3:5]]}.get(op[0], [])
            self.keys |= {key_id(suite, public): public for suite, public in pairs}
        signers = set()
        for one in signatures:
            signer, signature = array(one, where, bytes, bytes)
            signers.add(signer)
            need(signer in self.keys, f"{where}: signed by a key that is not known")
            verify(self.keys[signer], b"roster" + self.network, body, signature, where)
        need(len(signers) == len(signatures), f"{where}: one key signed twice")
        for op in ops:
            self._take(op, part, (epoch, n), signers, where)
        self.heads[part] = (epoch, [*held, digest(body)])

    def _take(self, op: Any, part: str, at: tuple[int, int], signers: set[bytes], where: str) -> None:
        rooted, in_county = 0 < self.threshold <= len(signers & self.roots), part == self.county
        if op[0] == COUNTY_ROOT:
            _, threshold, pairs = array(op, where, int, int, list)
            new = {key_id(*array(pair, where, int, bytes)) for pair in pairs}
            need(in_county and len(new) == len(pairs), f"{where}: a root out of place, or a key twice")
            need(1 <= threshold <= len(signers & new) and (rooted or not self.threshold), f"{where}: too few signed")
            self.threshold, self.roots = threshold, new
        elif op[0] in (PUBLISHER, RULING):
            need(rooted and in_county, f"{where}: not signed by the root")
            if op[0] == PUBLISHER:
                self.publisher = key_id(*array(op[1:], where, int, bytes))
            else:
                self._take_ruling(op, part, at[0], where)
        else:
            may = rooted or self.publisher in signers if in_county else signers & self._namers(part, at[1])
            need(may, f"{where}: not signed by who may")
            self._take_name(op, part, where)

    def _namers(self, part: str, n: int) -> set[bytes]:
        """Key ids of the nodes of a township whose signature makes change n of its part hold."""
        here = [by for by, one in self.nodes.items() if one.place == part and not one.struck]
        may = [by for by in here if by not in self.revoked or n <= self.revoked[by][2]]
        return {digest(self.nodes[by].public)[:8] for by in may}

    def _take_ruling(self, op: Any, part: str, epoch: int, where: str) -> None:
        _, about, split, hashes, struck = array(op, where, int, str, int, list, list)
        follows = about != self.county or hashes == self.heads[part][1][split - 1 :]
        need(split >= 1 and follows, f"{where}: a ruling on nothing, or one that does not follow what it says stands")
        self.rulings.setdefault(about, []).append((split, hashes, epoch))
        for row in struck:
            incarnation, place, suite, public = array(row, where, bytes, str, int, bytes)
            self.nodes[incarnation] = Node(place, suite, public, struck=True)

    def _take_name(self, op: Any, part: str, where: str) -> None:
        in_county = part == self.county
        if op[0] == PLACE:
            _, code, level, parent, name, _ = array(op, where, int, str, str, str | None, str, dict)
            fits = parent in self.places if parent is not None else code == self.county == part
            need(fits and (in_county or self.covers(part, parent)), f"{where}: {code} does not lie under {part}")
            need(self.places.get(code, (level, parent))[:2] == (level, parent), f"{where}: {code} was another place")
            self.places[code] = (level, parent, name)
        elif op[0] == NODE:
            self._take_node(op, part, where)
        elif op[0] == REVOKE:
            _, incarnation, cuts, upto = array(op, where, int, bytes, list, int)
            place = self.nodes[incarnation].place if incarnation in self.nodes else None
            need(in_county or (place != part and self.covers(part, place)), f"{where}: revokes nobody under {part}")
            if in_county or not self.revoked.get(incarnation, (False,))[0]:
                self.revoked[incarnation] = (in_county, {cut[0]: cut[1] for cut in cuts}, upto)
        elif op[0] == SUCCEED:
            _, code, heir = array(op, where, int, str, str)
            above = [one for one in self.line(code)[1:] if self.places[one][0] == "township"]
            level, other = self.places.get(code, ("", None))[:2], self.places.get(heir, ("", None))[:2]
            count = max(self.successions.get(heir, 0), self.successions.get(code, 0) + 1)
            fits = level == other and level[0] in ("village", "station") and code != heir and count <= 16
            fits = (fits and self.heirs.keys().isdisjoint((code, heir))) or self.heirs.get(code) == heir
            need(fits and part == [*above, self.county][0], f"{where}: {heir} may not succeed {code}")
            self.heirs[code], self.successions[heir] = heir, count
        else:
            raise Rejected(f"{where}: op {op[0]} is not known to this verifier: use the one that came with the file")

    def _take_node(self, op: Any, part: str, where: str) -> None:
        _, incarnation, code, suite, public, proof = array(op, where, int, bytes, str, int, bytes, bytes)
        held = self.nodes.get(incarnation)
        fits = part == self.county or (code != part and self.covers(part, code))
        need(fits and code in self.places and len(incarnation) == 16, f"{where}: a node at no place under {part}")
        again = held is None or held.struck or part not in self.named.get(incarnation, ())
        need(again and (held or tuple(op[2:5]))[:3] == (code, suite, public), f"{where}: an incarnation is named twice")
        level, _, name = self.places[code]
        verify(public, b"enrol", encode([1, code, level, name, suite, incarnation, public]), proof, where)
        self.named.setdefault(incarnation, set()).add(part)
        self.nodes[incarnation] = Node(code, suite, public, struck=False)


class Evidence:
    """One package, read and verified on the way. Raises Rejected."""

    def __init__(self, raw: bytes) -> None:
        need(len(raw) <= LARGEST, f"{len(raw)} bytes, at most {LARGEST}")
        name, form, payload, writer, signature = decode(raw, "file", str, int, bytes, bytes, bytes)
        need((name, form) == ("sanji-evidence", 1), "no evidence package, or of a later form")
        shape = (bytes, str, bytes, int, str, str, list, list, list, list | None, list)
        network, self.scope, self.case_id, self.time, *told = decode(payload, "payload", *shape)
        self.number, self.state, changes, runs, receipts, checkpoint, forks = told
        self.roster = Roster()
        for change in changes:
            self.roster.grow(change)
        need(self.roster.network == network, "the roster is of another network")
        self.writer = self.roster.signed(writer, b"evidence", payload, signature, "the package")
        self.events, self.checkpoints = list[Event](), list[tuple[int, int]]()  # of the latter none or one: time, lines
        self.chains: dict[bytes, list[dict[int, bytes]]] = {}  # stream id -> for each run, position -> chain hash
        self.signed: list[tuple[str, list[dict[int, bytes]], int]] = []  # receipts: place, runs, position
        self.proven: set[tuple[bytes, int, bytes, bytes]] = set()  # forks: stream id, split, both hashes there
        for run in runs:
            self.events += self._run(run, self.chains)
        for read, each in ((self._fork, forks), (self._receipt, receipts), (self._checkpoint, [checkpoint])):
            for one in each if each != [None] else ():
                read(one)
        need(len(self.proven) == len(forks), "a fork proof twice")
        self._judge()

    def _run(self, value: Any, chains: dict[bytes, list[dict[int, bytes]]]) -> list[Event]:
        """The events shown of a run, sealed by their author."""
        author, scope, first, base, rows, seq, seal = array(value, "run", bytes, str, int, bytes, list, int, bytes)
        stream, where = self.roster.stream(author, scope), f"{scope} of {author.hex()[:8]}"
        need(first >= 1 and is_hash(base) and (first > 1 or base == stream), f"{where}: begins elsewhere")
        need(rows and type(rows[0]) is list and first <= seq < first + len(rows), f"{where}: no event, or no seal")
        chain, run, shown = base, {first - 1: base}, []
        for at, row in enumerate(rows, first):
            item = row
            if type(row) is list:
                raw, salt, body, verdict = array(row, where, bytes, bytes | None, bytes | None, str)
                header = self._header(raw, salt, body, at, where)
                item = digest(b"\0" + raw)
            need(is_hash(item), f"{where} {at}: neither an event nor a hash")
            chain = run[at] = digest(b"\1" + chain + item)
            if type(row) is list:
                need(verdict in VERDICTS and at <= seq, f"{where} {at}: no verdict, or not sealed")
                shown.append(Event(author, scope, at, run, header, body, verdict))
        sealed = encode([stream, seq, run[seq]])
        verify(self.roster.nodes[author].public, b"seal" + self.roster.network, sealed, seal, where)
        chains.setdefault(stream, []).append(run)
        return shown

    @staticmethod
    def _header(raw: bytes, salt: bytes | None, body: bytes | None, at: int, where: str) -> list[Any]:
        shape = (int, int, int, bytes | None, list | None, list, int, int, str, bytes | None, bytes | None, dict)
        header: list[Any] = decode(raw, f"{where} {at}", *shape)
        inline, commitment = header[9:11]
        fits = header[0] == at and (inline is None) != (commitment is None)
        need(fits, f"{where} {at}: stands at another position, or has no one place for its body")
        given = type(body) is type(salt) is bytes and len(salt) == 16 and digest(salt + body) == commitment
        need(given or body is salt is None, f"{where} {at}: the body is not the one that was committed to")
        return header

    def _fork(self, raw: Any) -> None:
        """A proof that one node signed two events at one position, section 6.1."""
        shape = (int, bytes, str, int, bytes, list, bytes, list, bytes)
        form, author, scope, split, base, *arms = decode(raw, "fork proof", *shape)
        stream = self.roster.stream(author, scope)
        need(form == 1 and split >= 1 and len(base) == 32, "fork proof: another form")
        hashes = []
        for items, seal in (arms[:2], arms[2:]):
            need(0 < len(items) <= 64 and all(map(is_hash, items)), "fork proof: an arm of no hashes")
            chain = base
            for item in items:
                chain = digest(b"\1" + chain + item)
            hashes.append(digest(b"\1" + base + items[0]))
            said = encode([stream, split + len(items) - 1, chain])
            verify(self.roster.nodes[author].public, b"seal" + self.roster.network, said, seal, "fork proof")
        need(hashes[0] < hashes[1] and stream in self.chains, "fork proof: one arm, in the wrong order, or not shown")
        self.proven.add((stream, split, *hashes))

    def _climb(self, line: list[Any], at: int, size: int, path: Any) -> bytes:
        """The root over a line of so many, section 4."""
        need(all(map(is_hash, path)) and line[1] >= 1 and 0 <= at < size, "a path of no hashes, or out of its tree")
        node, left = digest(b"\0" + encode(line)), list(path)
        while size > 1:
            if at % 2 or at + 1 < size:
                need(left, "a path that is too short")
                node = digest(b"\1" + (left.pop(0) + node if at % 2 else node + left.pop(0)))
            at, size = at // 2, (size + 1) // 2
        need(not left, "a path that is too long")
        return node

    def _shown(self, stream: bytes, seq: int, chain: bytes, what: str) -> list[dict[int, bytes]]:
        """The runs that lead over the position a line is of; there must be one."""
        runs = [run for run in self.chains.get(stream, []) if run.get(seq) == chain and seq > min(run)]
        need(runs, f"{what}: of a position that is not shown")
        return runs

    def _receipt(self, value: Any) -> None:
        """That a node holds a stream up to a position, section 4."""
        shape = (bytes, int, bytes, bytes, int, int, int, list, bytes)
        stream, seq, chain, signer, time, size, at, path, signature = array(value, "receipt", *shape)
        said = encode([signer, time, size, self._climb([stream, seq, chain], at, size, path)])
        node = self.roster.signed(signer, b"receipt", said, signature, "receipt")
        need(self.roster.follows(node.place, self.scope), f"receipt: {node.place} does not keep {self.scope}")
        self.signed.append((node.place, self._shown(stream, seq, chain, "receipt"), seq))

    def _checkpoint(self, value: Any) -> None:
        """The root place's daily word on everything it holds, section 4.1."""
        run, lines = array(value, "checkpoint", list, list)
        events = self._run(run, {})
        need(len(events) == 1 and lines, "checkpoint: more than its event, or no line")
        event, node = events[0], self.roster.node(events[0].incarnation, "checkpoint")
        of_root = node.place == self.roster.county and event.scope == f"below:{node.place}"
        need(of_root and event.header[1:4] == [64, 1, None] and event.header[9], "checkpoint: not the root place's")
        body = decode(event.header[9], "checkpoint")
        need(type(body) is dict and type(body.get(0)) is int and is_hash(body.get(1)), "checkpoint: another body")
        for one in lines:
            author, scope, seq, chain, at, path = array(one, "checkpoint line", bytes, str, int, bytes, int, list)
            stream = self.roster.stream(author, scope)
            need(self._climb([stream, seq, chain], at, body[0], path) == body[1], "checkpoint line: another root")
            self._shown(stream, seq, chain, "checkpoint line")
        self.checkpoints.append((event.header[7], len(lines)))

    def _judge(self) -> None:
        """What is shown is of this case or relied on by it, and nothing that it follows is missing."""
        own = [event for event in self.events if event.scope == self.scope]
        here = {(event.incarnation, event.seq, event.run[event.seq][:8]) for event in own}
        need(here, "no event of the case")
        relied = {tuple(dep) for event in own for dep in event.header[5]}
        for event in self.events:
            where = f"{event.scope} {event.seq}"
            if event.scope != self.scope:
                named = (event.incarnation, event.scope, event.seq) in relied
                need(named and not event.verdict, f"{where}: nothing here relies on it, or it has a verdict")
                continue
            need(event.header[3] == self.case_id and event.verdict, f"{where}: of another case, or without a verdict")
            followed = event.header[4] is None or tuple(event.header[4]) in here
            need(followed or event.verdict == "waiting", f"{where}: what it follows is left out")
        for stream, runs in self.chains.items():
            for run, other in combinations(runs, 2):
                both = (run.keys() - {min(run)}) & (other.keys() - {min(other)})
                parted = [seq for seq in both if run[seq] != other[seq]]
                need(len(parted) == len(both), "a position twice")
                at = min(parted, default=0)
                forked = [one for one in self.proven if one[0] == stream and one[1] <= at]
                told = any(one[1] < at or {run[at], other[at]} == {*one[2:]} for one in forked)
                need(not parted or told, "two events at a position, and no proof of that fork")

    def tell(self) -> list[str]:
        """What is shown, for people: a line for each event, in the order of the clocks that people saw."""
        labels, lines = {int(number): label for number, label in (one.split("=") for one in KINDS.split())}, list[str]()
        for event in sorted(self.events, key=lambda one: (one.header[6], one.scope, one.seq)):
            _, kind, version, *_ = event.header
            node = self.roster.nodes[event.incarnation]
            over = [place for place, runs, seq in self.signed if seq >= event.seq and event.run in runs]
            body = "有正文" if event.body is not None or event.header[9] is not None else "无正文"
            label = labels.get(kind, "其他") if event.scope == self.scope else "登记"
            cut = self.roster.revoked.get(event.incarnation)
            behind = cut is not None and event.seq > cut[1].get(event.scope, 0)
            who = self.name_of(node.place) + ("（已剔除）" if node.struck else "（吊销后）" if behind else "")
            signed = f"签收：{'、'.join(map(self.name_of, sorted({*over}))) or '-'}"
            what = f"{label} {kind}.{version}  {VERDICTS[event.verdict]}"
            lines.append("  ".join((when(event.header[7]), who, plain(event.header[8]), what, body, signed)))
        return lines

    def name_of(self, place: str) -> str:
        """A place as people know it."""
        return plain(f"{self.roster.places[place][2]}（{place}）" if place in self.roster.places else place)


def plain(text: str) -> str:
    """A text of somebody's that moves no cursor and ends no line."""
    return "".join(one if one.isprintable() else "?" for one in text[:100])


def when(time_ms: int) -> str:
    """A clock's word as date and time of China, between 1970 and 3084."""
    return f"{datetime(1970, 1, 1) + timedelta(milliseconds=min(max(time_ms, 0), 2**45), hours=8):%Y-%m-%d %H:%M:%S}"  # noqa: DTZ001


KINDS = """
1=新建申请 2=收件 3=移交 4=接收 5=受理 6=出具初审意见 7=一次性告知补正 8=采纳补正 9=作出决定 10=答复撤回申请
11=不予受理 12=逾期终止 13=启动程序或要求补正 14=结束程序，恢复审查 15=延长办理期限 16=强制改派 17=采纳未计入的记录
18=通知缴费 19=登记缴费或减免 20=制证用印 21=归档 22=作出复核决定 23=发起会签 24=结束会签 25=容缺受理、告知承诺
26=登记承诺已兑现 27=绿色通道、特急、错序 30=送网上预审 31=答复预审 32=添加备注 33=补交材料或更正 34=申请撤回
35=登记送达 36=请求退回 37=不予采纳 38=会签 39=评价 41=申请复核 42=登记服务 43=更改联系方式 45=答复整改单
47=登记已通知领取 48=登记对整改的评价 50=登记会议纪要 51=登记事项已办 54=督办 55=答复督办或检查 56=回应预警 57=抽查
60=上传或撤下材料原件 75=登记回访 76=对差评申诉，或答复申诉 77=登记或撤销委托
73=确认送达地址，或撤回电子送达同意 78=告知听证权利，登记要求或放弃听证
"""  # number and Chinese label of each kind, CASE.md


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="verify_evidence.py", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--network", default="", help="the network id that the county has made known, in hexadecimal")
    asked = parser.parse_args(arguments)
    try:
        with asked.file.open("rb") as file:
            found = Evidence(file.read(LARGEST + 1))
        need(asked.network.lower() in ("", found.roster.network.hex()), f"of the network {found.roster.network.hex()}")
        told = "与所给的一致" if asked.network else "请与县里公布的核对 / compare it with what the county made known"
        heads = "，".join(f"{plain(part)} {epoch}.{len(held)}" for part, (epoch, held) in found.roster.heads.items())
        lines = [
            *found.tell(),
            *(f"县级检查点 / checkpoint：{when(time)}，{count} 行" for time, count in found.checkpoints),
            f"导出单位 / written by：{found.name_of(found.writer.place)}，{when(found.time)}，{plain(found.state)}",
            f"名册 / roster：{heads}；网络编号 / network：{found.roster.network.hex()}（{told}）",
            f"核验通过 / VERIFIED：{plain(found.number)}，{len(found.events)} 条记录，{len(found.signed)} 份签收",
        ]
    except (Rejected, OSError, *NONSENSE) as problem:
        lines, found = [f"核验未通过 / REJECTED：{plain(str(problem))}"], None
    print("\n".join(lines))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
