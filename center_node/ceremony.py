"""The root's ceremony: changes of the root and of the publishing key, signed one after another on machines off line.

What is to be signed is a file that gathers signatures. It is drafted at the county's node, carried from holder to
holder, each of whom reads what it says and adds a signature with a key of the root that lies in a folder of its own
under a passphrase of its own, and is published at the county's node once enough have signed. No key of the root comes
near it.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from center_node.rulings import HELD_KEY_FILE, NEXT_PUBLISHER_FILE, publishing_key
from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed
from sync_protocol.roster import PUBLISHER, ROOT, Change, Op, Payload, change_values, read_change, read_payload
from sync_protocol.suites import S1, SigningKey, check_public
from village_node import files
from village_node import identity as identities
from village_node import keyring as keyrings
from village_node.casebook import Casebook, Stale
from village_node.config import BadSettings
from village_node.keyring import Keyring

PUBLIC_FILE: Final = "root.pub"
_FORM: Final = "sanji-ceremony-1"
_NETWORK: Final = 32


class Draft(NamedTuple):
    """A change of the county's part that gathers signatures, and the network it is for."""

    network_id: bytes
    change: Change

    @property
    def payload(self) -> Payload:
        """What it says."""
        return read_payload(self.change)


def new_root_key(folder: Path, passphrase: str, randomness: Callable[[int], bytes]) -> bytes:
    """Draw a key of the root into a folder of its own, wrapped under its holder's passphrase; its public half, which is
    written beside it. A key that is there already is kept. Raises NoPassphrase, NoIdentity, OSError."""
    files.make_folder(folder)
    ring = (
        keyrings.opened(folder, passphrase, randomness)
        if keyrings.is_protected(folder)
        else keyrings.begin(folder, passphrase, randomness)
    )
    key = identities.kept_or_new(folder / HELD_KEY_FILE, ring)
    files.write(folder / PUBLIC_FILE, key.public.hex().encode("ascii") + b"\n", 0o644)
    return key.public


def public_in(path: Path) -> bytes:
    """The public half of a key of the root. Raises BadSettings, WeakKey."""
    try:
        public = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as problem:
        raise BadSettings(f"{path} holds no public key of a root ({problem}): name a {PUBLIC_FILE}") from None
    check_public(S1, public)
    return public


def draft(
    roster: rosters.Roster, threshold: int, publics: Sequence[bytes], publisher: SigningKey | None, now_ms: int
) -> Draft:
    """What the root is to sign: another root (none named: the same as before), another publishing key, or both.

    Raises BadSettings.
    """
    ops: list[Op] = []
    if publics:
        if len(set(publics)) != len(publics) or not 1 <= threshold <= len(publics):
            raise BadSettings(f"--threshold {threshold}: must be from 1 to the {len(publics)} different keys named")
        ops.append(rosters.root_op(threshold, [(S1, public) for public in publics]))
    if publisher is not None:
        ops.append(rosters.publisher_op((publisher.suite, publisher.public)))
    if not ops:
        raise BadSettings("nothing to be signed: name --root keys with their --threshold, or --new-publisher")
    return Draft(roster.network_id, rosters.publish(roster, roster.county, ops, [], now_ms))


def to_bytes(drafted: Draft) -> bytes:
    """The file that is carried from holder to holder."""
    return encode([_FORM, drafted.network_id, change_values(drafted.change)])


def publish(casebook: Casebook, data: Path, drafted: Draft, keyring: Keyring, actor: str) -> None:
    """Publish what enough of the root have signed; the publishing key it names signs from then on. The same again does
    no harm. Raises Stale for a draft that is void, a ProtocolError that says why it does not hold, NotAllowed,
    NotSaved, NoIdentity, OSError."""
    named = [(op[1], op[2]) for op in drafted.payload.ops if op[0] == PUBLISHER]
    if drafted.change.payload not in {change.payload for change in casebook.roster.changes(drafted.payload.part)}:
        _refuse_void(casebook.roster, data, drafted, named, keyring)
    part = drafted.payload.part
    noted = told(drafted)
    casebook.enrol(
        drafted.change, told=lambda connection: casebook.note(connection, actor, "roster.ceremony", part, **noted)
    )
    if named:
        publishing_key(casebook.roster, data, keyring)


def _refuse_void(
    roster: rosters.Roster, data: Path, drafted: Draft, named: Sequence[tuple[int, bytes]], keyring: Keyring
) -> None:
    said = drafted.payload
    _, n, prev = roster.heads()[roster.county]
    if (said.part, said.n, said.prev) != (roster.county, n + 1, prev):
        raise Stale(
            f"这份草稿已作废：起草之后县里又签发了名册变更（草稿是第 {said.n} 号，名册已到第 {n} 号）。"
            "请销毁这份草稿，重新起草，再请各保管人签名",
            f"this draft is void: it is change {said.n} and the roster has come to {n} since. Destroy it and"
            " draft it again",
        )
    if named and (data / NEXT_PUBLISHER_FILE).exists():
        fresh = identities.read_secret(data / NEXT_PUBLISHER_FILE, keyring=keyring)
        if named[-1] == (fresh.suite, fresh.public):
            return
    if named:
        raise Stale(
            "这份草稿已作废：起草之后又生成过另一把签发密钥，草稿里的那一把已不在本机。请销毁这份草稿，重新起草",
            "this draft is void: another publishing key was drawn since, and the one it names is gone. Destroy it and"
            " draft it again",
        )


def from_bytes(raw: bytes) -> Draft:
    """What such a file says. Raises Malformed, TooLarge."""
    values = decode(raw)
    if type(values) is not list or len(values) != 3 or values[0] != _FORM or type(values[1]) is not bytes:
        raise Malformed("this file is none of a ceremony")
    drafted = Draft(values[1], read_change(values[2]))
    if len(drafted.network_id) != _NETWORK or any(op[0] not in (ROOT, PUBLISHER) for op in drafted.payload.ops):
        raise Malformed("a ceremony signs another root or another publishing key, and nothing else")
    return drafted


def signed(drafted: Draft, key: SigningKey) -> Draft:
    """The same with one more signature; nothing changes where this key has signed."""
    name = rosters.key_id(key.public)
    if name in {known for known, _ in drafted.change.signatures}:
        return drafted
    signature = key.sign("roster", drafted.network_id, drafted.change.payload)
    return drafted._replace(change=drafted.change._replace(signatures=(*drafted.change.signatures, (name, signature))))


def gathered(drafts: Iterable[Draft]) -> Draft:
    """One draft with the signatures of all of them. Raises Malformed where they do not say the same."""
    first, *others = drafts
    for other in others:
        if (other.network_id, other.change.payload) != (first.network_id, first.change.payload):
            raise Malformed("these files do not say the same: gather the signatures of one draft")
        known = {name for name, _ in first.change.signatures}
        more = tuple(each for each in other.change.signatures if each[0] not in known)
        first = first._replace(change=first.change._replace(signatures=(*first.change.signatures, *more)))
    return first


def told(drafted: Draft) -> dict[str, Any]:
    """What a draft says, for the eyes of who is to sign it."""
    said: dict[str, Any] = {
        "network": drafted.network_id.hex()[:16],
        "part": drafted.payload.part,
        "n": drafted.payload.n,
        "signed_by": sorted(name.hex() for name, _ in drafted.change.signatures),
    }
    for op in drafted.payload.ops:
        if op[0] == ROOT:
            said["root"] = {"threshold": op[1], "keys": [rosters.key_id(public).hex() for _, public in op[2]]}
        else:
            said["publisher"] = rosters.key_id(op[2]).hex()
    return said
