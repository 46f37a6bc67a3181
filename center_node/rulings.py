"""The county's word on a fork of the roster: read the root's keys, rule, and change the publishing key where asked."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sync_protocol.roster import NODE, Roster, read_payload
from sync_protocol.suites import SigningKey, sha256
from village_node import identity as identities
from village_node.casebook import Casebook, NotFound, RosterRuling
from village_node.identity import NoIdentity
from village_node.keyring import PLAIN, Keyring, is_protected, opened

PUBLISHER_KEY_FILE: Final = "publisher.key"
HELD_KEY_FILE: Final = "root.key"  # in a folder of its own
NEXT_PUBLISHER_FILE: Final = "publisher-next.key"
_SHORTEST: Final = 8  # digits of a fingerprint, or of a machine's number


def forks(casebook: Casebook) -> list[dict[str, Any]]:
    """Every fork of the roster, as a program reads it."""
    return [
        {
            "part": view.part,
            "split": view.split,
            "ruled": view.settled,
            "changes": [
                {
                    "n": change.n,
                    "hash": change.hash.hex(),
                    "time_ms": change.time,
                    "followed": change.followed,
                    "overruled": change.overruled,
                    "places": [list(each) for each in change.places],
                    "nodes": [[node.incarnation.hex(), node.place, node.standing] for node in change.nodes],
                }
                for change in view.changes
            ],
        }
        for view in casebook.roster_forks()
    ]


def rule(casebook: Casebook, data: Path, arguments: dict[str, Any], keyring: Keyring = PLAIN) -> dict[str, Any]:
    """Rule on the fork of a part. With `new_publisher` the ruling also names a new publishing key, whose file takes the
    old one's place once it is in force.

    Raises NoIdentity where a key cannot be read, and whatever `Casebook.rule_on_roster` raises.
    """
    view = next((one for one in casebook.roster_forks() if one.part == arguments["part"] and not one.settled), None)
    if view is None:
        raise NotFound("这部分名册没有待裁定的分叉", "this part of the roster has no fork to be ruled on")
    hashes = [change.hash for change in view.changes]
    nodes = [node.incarnation for change in view.changes for node in change.nodes]
    stands = _found("--stands", arguments["stands"], hashes)
    keep = frozenset(_found("--keep", each, nodes) for each in arguments["keep"])
    publisher = next_publisher(casebook.roster, data, keyring) if arguments["new_publisher"] else None
    words = arguments.get("root_words") or [""] * len(arguments["root_keys"])
    keys = [root_key(Path(file), word) for file, word in zip(arguments["root_keys"], words, strict=True)]
    ruling = RosterRuling(view.part, stands, keep, publisher)
    change = casebook.rule_on_roster(arguments["actor"], ruling, keys, agreed=bool(arguments["roster_agreed"]))
    if publisher is not None:
        take_over(data, keyring)
    payload = read_payload(change)
    stand = {op[1].hex() for op in payload.ops if op[0] == NODE}
    return {
        "part": view.part,
        "split": view.split,
        "n": payload.n,
        "hash": sha256(change.payload).hex(),
        "stand": sorted(stand),
        "struck": sorted(row[0].hex() for row in payload.ops[0][4]),
    }


def root_key(held: Path, passphrase: str) -> SigningKey:
    """A key of the root: in a folder of its own, as the ceremony makes them, or in a single file. Raises NoPassphrase,
    NoIdentity."""
    if held.is_file():
        home = held.parent
        return identities.read_secret(held, keyring=opened(home, passphrase, identities.random_bytes))
    ring = opened(held, passphrase, identities.random_bytes)
    return identities.read_secret(held / HELD_KEY_FILE, keyring=ring)


def is_wrapped(held: Path) -> bool:
    """Whether a key of the root is opened by a passphrase."""
    return is_protected(held.parent if held.is_file() else held)


def publishing_key(roster: Roster, data: Path, keyring: Keyring) -> SigningKey:
    """The key that signs the county's part. One that is in force since the node was cut short takes its place first.
    Raises NoIdentity where it is missing, OSError."""
    key = identities.read_secret(data / PUBLISHER_KEY_FILE, keyring=keyring)
    if roster.publisher in (None, (key.suite, key.public)) or not (data / NEXT_PUBLISHER_FILE).exists():
        return key
    fresh = identities.read_secret(data / NEXT_PUBLISHER_FILE, keyring=keyring)
    if roster.publisher != (fresh.suite, fresh.public):
        return key
    take_over(data, keyring)
    return fresh


def next_publisher(roster: Roster, data: Path, keyring: Keyring) -> SigningKey:
    """The publishing key that is to come, drawn anew: one that was meant to come before may have been seen since. What
    was drafted with that is void. Raises NoIdentity, OSError."""
    with suppress(NoIdentity):  # a first key of the demonstration may have been taken away; one in force is kept
        publishing_key(roster, data, keyring)
    keyring.write(data / NEXT_PUBLISHER_FILE, identities.random_bytes(32))
    return identities.read_secret(data / NEXT_PUBLISHER_FILE, keyring=keyring)


def take_over(data: Path, keyring: Keyring) -> None:
    """It is in force: from now on it signs the county's part. Raises OSError."""
    fresh = data / NEXT_PUBLISHER_FILE
    keyring.write(data / PUBLISHER_KEY_FILE, keyring.read(fresh))  # a wrapped key is bound to the name of its file
    fresh.unlink()


def _found(option: str, text: str, known: Sequence[bytes]) -> bytes:
    """The one of these that begins with these digits. Raises NotFound."""
    found = {each for each in known if len(text) >= _SHORTEST and each.hex().startswith(text.lower())}
    if len(found) != 1:
        raise NotFound(
            f"{option} {text!r}：须与“名册分叉”页所列的一项对得上，至少 {_SHORTEST} 位",
            f"{option} {text!r} must begin exactly one of those listed by `roster-forks`, with {_SHORTEST} digits",
        )
    return found.pop()
