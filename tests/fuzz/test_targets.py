"""What is fuzzed reads its own sound input, refuses spoilt input as it may, and the targets reach what they are for."""

import random
from contextlib import suppress

import pytest

from sync_protocol.errors import BadSeal
from sync_protocol.roster import Roster
from tests.fuzz.papers import NotDrawnAnew
from tests.fuzz.targets import CONTROLS, NEW, TARGETS, Target, vectors
from village_node import verify_evidence
from village_node.uploads import child


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_sound_and_spoilt_input_is_read_or_refused(target: Target) -> None:
    chance = random.Random(target.name)
    seeds = target.seeds()
    read = 0
    for seed in seeds:
        with suppress(*target.refuses_with):
            target.read(seed)
            read += 1
    assert read, "nothing of what it begins from is sound"
    for _ in range(300):
        raw = bytearray(chance.choice(seeds)) or bytearray(1)
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        with suppress(*target.refuses_with):
            target.read(bytes(raw))


def test_a_preview_with_anything_of_the_file_itself_in_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {target.name: target for target in TARGETS}
    monkeypatch.setattr(child, "small", lambda _image, _aim: b"<script>")
    with pytest.raises(NotDrawnAnew), suppress(*by_name["sniffing"].refuses_with):
        by_name["sniffing"].read(by_name["sniffing"].seeds()[0])


def test_what_the_controls_do_is_no_refusal() -> None:
    believes, _, _ = CONTROLS
    with pytest.raises(IndexError):
        believes.read(b"\x93\x08abcdef")


def test_each_reaches_behind_its_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault behind the signature is met: the roster's own ops, and the runs of an evidence package."""
    by_name = {target.name: target for target in TARGETS}

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Roster, "_check_link", broken)
        with pytest.raises(ZeroDivisionError):
            by_name["roster"].read(by_name["roster"].seeds()[len(vectors("roster")["roster"]) - NEW])
    with monkeypatch.context() as patch:
        patch.setattr(verify_evidence.Evidence, "_judge", lambda _: (_ for _ in ()).throw(BadSeal("reached")))
        with pytest.raises(BadSeal):
            by_name["evidence"].read(by_name["evidence"].seeds()[0])
