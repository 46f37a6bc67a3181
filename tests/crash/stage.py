"""Where a scenario plays: a node's data directory on the recorded disk, its neighbours beside it, and the notary.

The notary writes down what a person or a peer has just been told, on the recorded disk, so that each word has its place
among the writes: whatever stands before a power cut must be true after it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sync_protocol.event import mark
from sync_protocol.exchange import Content, read_content, read_request, read_sealed
from sync_protocol.wire import unpack_body
from tests import builders, network
from tests.builders import Member
from tests.crash.operations import MARKS, SETTLED
from village_node import config, identity
from village_node.accounts import Accounts
from village_node.casebook import Casebook, CaseRef
from village_node.store.accounts import AccountRows
from village_node.store.audit import AuditRow
from village_node.store.drafts import DraftRow
from village_node.witness import WITNESS_FILE

NODE: Final = "node"  # the data directory's name on the recorded disk


@dataclass
class Stage:
    """One performance. `disk`: where the recorded file system is mounted; `beside`: for what is not looked at."""

    disk: Path
    beside: Path
    seed: int
    _notary: int = field(init=False)

    def __post_init__(self) -> None:
        self._notary = os.open(self.disk / MARKS, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    @property
    def data(self) -> Path:
        """The data directory of the node that is looked at."""
        return self.disk / NODE

    def settled(self) -> None:
        """All up to here shall be taken for safe on the disk."""
        os.write(self._notary, f"{SETTLED}\n".encode())

    def tell(self, kind: str, key: str, **told: Any) -> None:
        """Something has been said: of this kind, about what `key` names."""
        words = json.dumps([kind, key, told], ensure_ascii=False, sort_keys=True)
        os.write(self._notary, f"{words}\n".encode())

    # What is told

    def tell_case(self, member: Member, ref: CaseRef) -> None:
        """A page shows a case: its receipt number, its query code, its state, who has it."""
        case = member.casebook.case(ref.scope, ref.case_id)
        assert case is not None
        shown = {"no": case.case_no, "code": case.query_code, "state": case.state, "holder": case.holder}
        self.tell("case", f"{ref.scope} {ref.case_id.hex()}", **shown)

    def tell_life(self, member: Member, but_for: str = "") -> None:
        """Everybody knows a node by its present life. `but_for`: the one reason for which another may have begun."""
        identity = member.casebook.identity
        self.tell("incarnation", identity.place, incarnation=identity.incarnation.hex(), but_for=but_for)

    def tell_file(self, name: str) -> None:
        """A command has said that it is done, so this file is there."""
        self.tell("file", name, sha256=sha256((self.data / name).read_bytes()).hexdigest())

    def tell_audit(self, row: AuditRow) -> None:
        """What this line of the audit trail is about has happened."""
        self.tell("audit", str(row.n), hash=row.hash.hex())

    def tell_last_audit(self, accounts: Accounts) -> None:
        """As `tell_audit`, for the newest line."""
        self.tell_audit(accounts.rows.audit_lines(1)[0])

    def tell_staff(self, accounts: Accounts, staff_no: str) -> None:
        """An account is as it was just made or changed."""
        row = accounts.rows.staff(staff_no)
        assert row is not None
        self.tell("staff", staff_no, password_hash=row.password_hash, disabled=row.disabled)

    def tell_draft(self, draft_id: str, row: DraftRow | None) -> None:
        """已保存: a draft is kept, or (None) it is gone."""
        self.tell("draft", draft_id, fields=row.fields if row else None)


@dataclass
class KeptKeys(builders.Network):
    """A network whose keys can also be written to files, as a node keeps them, and that knows where each node lives."""

    urls: dict[str, str] = field(default_factory=dict)
    homes: dict[str, Path] = field(default_factory=dict)

    def open(self, code: str, url: str = "", life: int = 0) -> Member:
        return super().open(code, url or self.urls.get(code, ""), life)

    def files_of(self, code: str) -> tuple[Path, bool]:
        if code not in self.homes:
            return super().files_of(code)
        home = self.homes[code]
        return home, not (home / WITNESS_FILE).exists()

    def furnish(self, data: Path, code: str) -> None:
        """Make the data directory of an enrolled node: key, identity, settings."""
        who = self.identities[code]
        data.mkdir(parents=True)
        identity.write_secret(data / identity.KEY_FILE, self.seeds[who.key.public])
        identity.save(data, who)
        chosen = config.Config(data=data, place=who.place, name=who.name, level=who.level)
        config.write(chosen)
        self.urls[code], self.homes[code] = chosen.database, data


def set_up(stage: Stage, recorded: str, *others: str, one_life: bool = True) -> KeptKeys:
    """A network of these places, those above first; the recorded one lives on the recorded disk. `one_life`: there is
    no reason for another one, and a power cut is none."""
    keys = KeptKeys(stage.beside, stage.seed)
    codes = sorted((recorded, *others), key=[row[0] for row in builders.PLACES].index)
    keys.enrol(*codes)
    for code in codes:
        if code == recorded:
            keys.furnish(stage.data, code)
        keys.open(code)
    if one_life:
        stage.tell_life(keys.members[recorded])
    return keys


def accounts_of(member: Member, keys: builders.Network) -> Accounts:
    """The accounts of a member, as its wiring makes them."""
    return Accounts(
        AccountRows(member.store, member.casebook.shutting), member.identity.level, keys.clock, keys.chance.randbytes
    )


def spoken(stage: Stage, keys: KeptKeys, recorded: str) -> network.Network:
    """Put the members on a wire, and have the notary hear what the recorded node says to its peers."""
    net = wired(keys)
    listen(stage, net, recorded)
    return net


def wired(keys: KeptKeys) -> network.Network:
    """Put the members on a wire."""
    net = network.Network(keys)
    for member in list(keys.members.values()):
        net.wire_up(member)
    return net


def listen(stage: Stage, net: network.Network, recorded: str) -> None:
    """Have the notary hear from now on what the recorded node says to its peers."""
    places = net.built.roster.places

    def asked(raw: bytes) -> bytes:
        said, _ = net.wire.opened(places.parent(recorded) or "", raw)
        if places.parent(recorded) is None or read_sealed(said) is not None:
            return raw  # not a request of the recorded node to its parent
        request = read_request(said)
        book = net[recorded].member.casebook
        ours = any(life.startswith(request.sender) for life in book.identity.lives)
        if ours and request.challenge is not None:
            content = read_content(unpack_body(request.body), reply=False, named=book.roster.meant_by)
            parent = places.parent(recorded)
            stage.tell("spoke", parent or "", challenge=request.challenge.hex(), nonce=(content.nonce or b"").hex())
            tell_given(stage, book, content)
        return raw

    def answered(raw: bytes) -> bytes:
        passed = net.wire.passed[-1]
        name = read_request(passed.request).sender
        lives = {life: code for code, live in net.nodes.items() for life in live.member.casebook.identity.lives}
        sender, child = next((life, code) for life, code in lives.items() if life.startswith(name))
        if places.parent(child) == recorded and passed.status == 200:
            book = net[recorded].member.casebook
            row = book.peer(sender)
            if row is not None and row.issued:
                stage.tell("answered", child, used=row.issued, nonce=(row.issued_nonce or b"").hex())
                tell_given(stage, book, net.spoken(passed, child)[1])
        return raw

    net.wire.change_request, net.wire.change_reply = asked, answered


def tell_given(stage: Stage, casebook: Casebook, content: Content) -> None:
    """Tell of events that left and receipts that were given: neither may ever be forgotten by who sent them."""
    for segment in content.segments:
        chain_hash = casebook.hash_at(segment.incarnation, segment.scope, segment.last_seq) or b""
        _tell_held(stage, segment.incarnation, segment.scope, segment.last_seq, chain_hash)
        if segment.incarnation == casebook.identity.incarnation:
            stage.tell("left", f"{segment.incarnation.hex()} {segment.scope}", seq=segment.last_seq)
    for line in content.receipts:
        if line.signer == casebook.identity.incarnation:
            stage.tell("receipt", f"{line.incarnation.hex()} {line.scope}", seq=line.seq)
    for point in content.vector or ():
        _tell_held(stage, point.incarnation, point.scope, point.seq, point.hash)


def _tell_held(stage: Stage, incarnation: bytes, scope: str, seq: int, chain_hash: bytes) -> None:
    stage.tell("held", f"{incarnation.hex()} {scope}", seq=seq, mark=mark(chain_hash).hex())


def applicant(number: int) -> Mapping[str, Any]:
    """What differs between applications."""
    return {"applicant_name": f"张{number}", "answers": {"家庭人口": str(number), "申请理由": "家庭收入低于当地标准"}}
