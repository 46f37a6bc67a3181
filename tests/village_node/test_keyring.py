"""Private keys on the disk: wrapped under a passphrase where their people chose that, and in the clear nowhere then."""

import os
from pathlib import Path

import pytest

from center_node import cli as county_cli
from village_node import cli, config, identity, keyring
from village_node.identity import FILES_KEY, KEY_FILE, NoIdentity
from village_node.keyring import KEYS_FILE, NoPassphrase, is_wrapped

WORDS = "三月的苹果花 opens late"
PLACE = "621021101201"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess that costs a hundredth: what is tried here is not how long it takes."""
    assert keyring.COST >= 2**16
    monkeypatch.setattr(keyring, "COST", 2**9)


def draw(count: int) -> bytes:
    return os.urandom(count)


def given(*lines: str) -> str:
    """A file descriptor on which these lines stand."""
    reads, writes = os.pipe()
    os.write(writes, "\n".join(lines).encode() + b"\n")
    os.close(writes)
    return str(reads)


def everything(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file())


def test_what_is_wrapped_opens_with_the_passphrase_alone_and_no_seed_lies_in_the_clear(tmp_path: Path) -> None:
    ring = keyring.begin(tmp_path, WORDS, draw)
    made = identity.create(tmp_path, PLACE, "village", "上关村", ring)
    begun = identity.succeed(tmp_path, made, "operator", 7, draw, ring)
    seed = draw(32)
    opening = identity.keep_opening_key(tmp_path, seed, ring)
    hybrid = identity.keep_opening_key(tmp_path, seed, ring, "s1q")
    assert seed.hex().encode() not in everything(tmp_path) and not keyring.in_the_clear(tmp_path)
    again = keyring.opened(tmp_path, WORDS, draw)
    loaded = identity.load(tmp_path, again)
    assert (loaded.key.public, loaded.former[0].key.public) == (begun.key.public, made.key.public)
    assert [key.public for key in identity.opening_keys(tmp_path, again)] == [opening.public, hybrid.public]
    assert (len(opening.public), len(hybrid.public)) == (32, 1_216)
    assert len(list(tmp_path.glob("opening-s1q-*.key"))) == 1
    with pytest.raises(NoPassphrase, match="does not open"):
        keyring.opened(tmp_path, WORDS + "!", draw)
    with pytest.raises(NoIdentity, match="wrapped"):
        identity.load(tmp_path)
    with pytest.raises(NoIdentity, match="wrapped"):
        identity.opening_keys(tmp_path)


def test_a_folder_of_before_is_protected_by_a_command_that_may_be_cut_short(tmp_path: Path) -> None:
    made = identity.create(tmp_path, PLACE, "village", "上关村")
    begun = identity.succeed(tmp_path, made, "operator", 7)
    seed = keyring.PLAIN.read(tmp_path / KEY_FILE).hex()
    assert keyring.protect(tmp_path, WORDS, draw) == 2
    assert seed.encode() not in everything(tmp_path) and not list(tmp_path.glob("*.new"))
    (tmp_path / KEY_FILE).write_text(seed)  # as if the power had gone before the last of them
    assert identity.load(tmp_path, keyring.opened(tmp_path, WORDS, draw)).key.public == begun.key.public
    with pytest.raises(NoPassphrase):
        keyring.protect(tmp_path, "another passphrase", draw)
    assert [path.name for path in keyring.in_the_clear(tmp_path)] == [KEY_FILE]
    assert keyring.protect(tmp_path, WORDS, draw) == 1
    keyring.change(tmp_path, WORDS, "quite another one", draw)
    with pytest.raises(NoPassphrase):
        keyring.unprotect(tmp_path, WORDS)
    assert keyring.unprotect(tmp_path, "quite another one") == 2
    assert identity.load(tmp_path).key.public == begun.key.public and not keyring.is_protected(tmp_path)
    with pytest.raises(NoPassphrase, match="at least"):
        keyring.protect(tmp_path, "short", draw)
    with pytest.raises(NoPassphrase, match="clear"):
        keyring.change(tmp_path, WORDS, WORDS, draw)


def test_a_key_is_bound_to_its_file_and_damage_is_said_in_words(tmp_path: Path) -> None:
    ring = keyring.begin(tmp_path, WORDS, draw)
    ring.write(tmp_path / "one.key", b"1" * 32)
    (tmp_path / "other.key").write_bytes((tmp_path / "one.key").read_bytes())
    assert ring.read(tmp_path / "one.key") == b"1" * 32
    with pytest.raises(ValueError, match=r"other\.key is not wrapped under"):
        ring.read(tmp_path / "other.key")
    for damage in ("", "{}", '{"form": "other"}', "[]"):
        (tmp_path / KEYS_FILE).write_text(damage)
        with pytest.raises(NoPassphrase, match="restore it"):
            keyring.opened(tmp_path, WORDS, draw)


def test_init_says_what_was_chosen_and_a_start_without_the_passphrase_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "node"
    words = ["init", "--data", str(data), "--place", PLACE, "--name", "上关村", "--parent-url", "http://127.0.0.1:9"]
    assert cli.main([*words, "--protect", "passphrase", "--passphrase-fd", given(WORDS)]) == 0
    assert "停电重启后须有人输入口令" in capsys.readouterr().out
    assert is_wrapped((data / KEY_FILE).read_text()) and WORDS.encode() not in everything(data)
    assert cli.main(["serve", "--data", str(data)]) == 1
    assert "nobody is at the keyboard" in capsys.readouterr().err
    assert cli.main(["serve", "--data", str(data), "--passphrase-fd", given("not the passphrase")]) == 1
    assert "does not open the keys" in capsys.readouterr().err
    (tmp_path / config.CREDENTIAL).write_text(WORDS + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert cli.main(["status", "--data", str(data)]) == 1
    assert "not enrolled yet" in capsys.readouterr().err, "the keys were opened: systemd hands it to whoever it starts"
    assert cli.main(["keys", "unprotect", "--data", str(data)]) == 0
    assert "1 keys lie in the clear now" in capsys.readouterr().out
    assert cli.main(["keys", "protect", "--data", str(data)]) == 0
    assert cli.main(["keys", "change", "--data", str(data), "--passphrase-fd", given(WORDS)]) == 1
    assert "must be 2" in capsys.readouterr().err
    assert cli.main(["keys", "change", "--data", str(data), "--passphrase-fd", given(WORDS, "quite another one")]) == 0
    assert cli.main(["status", "--data", str(data)]) == 1
    assert "does not open the keys" in capsys.readouterr().err


def test_a_county_s_root_and_publishing_key_are_wrapped_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "county"
    words = ["init", "--data", str(data), "--place", "621021000000", "--name", "庆城县", "--protect", "passphrase"]
    assert county_cli.main([*words, "--passphrase-fd", given(WORDS)]) == 0
    wrapped = {path.name for path in data.glob("*.key")}
    assert wrapped == {"county-root.key", "publisher.key", KEY_FILE, FILES_KEY} and not keyring.in_the_clear(data)
    capsys.readouterr()
    (tmp_path / config.CREDENTIAL).write_text(WORDS)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert county_cli.main(["status", "--data", str(data), "--json"]) == 0
    assert '"private_keys": "passphrase"' in capsys.readouterr().out
    assert WORDS not in (data / "node.toml").read_text()


def test_a_damaged_file_is_named_and_is_neither_a_key_nor_one_in_the_clear(tmp_path: Path) -> None:
    ring = keyring.begin(tmp_path, WORDS, draw)
    kept = identity.keep_opening_key(tmp_path, draw(32), ring)
    assert identity.unread_keys(tmp_path, ring) == [] and keyring.how_they_lie(tmp_path) == "passphrase"
    (tmp_path / "opening-1.key").write_bytes(b"\xff\0")
    (tmp_path / "opening-2.key").mkdir()
    assert identity.unread_keys(tmp_path, ring) == ["opening-1.key", "opening-2.key"]
    assert [key.public for key in identity.opening_keys(tmp_path, ring)] == [kept.public]
    assert keyring.how_they_lie(tmp_path) == "passphrase"
    (tmp_path / "opening-1.key").write_text(draw(32).hex())
    assert keyring.how_they_lie(tmp_path) == "partly"


def test_no_second_key_is_begun_over_what_is_wrapped_and_nothing_half_written_stays(tmp_path: Path) -> None:
    made = identity.create(tmp_path, PLACE, "village", "上关村")
    (tmp_path / "node.key.new").write_text("half a seed")
    keyring.protect(tmp_path, WORDS, draw)
    assert not list(tmp_path.glob("*.new"))
    kept = (tmp_path / KEYS_FILE).read_bytes()
    (tmp_path / KEYS_FILE).unlink()
    for begin in (keyring.protect, keyring.begin):
        with pytest.raises(NoPassphrase, match="restore it"):
            begin(tmp_path, WORDS, draw)
    assert not keyring.is_protected(tmp_path)
    (tmp_path / KEYS_FILE).write_bytes(kept)
    with pytest.raises(OSError, match="wrapped now"):
        keyring.PLAIN.write(tmp_path / "place-1.key", draw(32))
    (tmp_path / "place-1.key.new").write_text("half a seed")
    assert keyring.unprotect(tmp_path, WORDS) == 1 and not list(tmp_path.glob("*.new"))
    assert identity.load(tmp_path).key.public == made.key.public


def test_what_lies_in_the_clear_beside_wrapped_keys_is_said_and_wrapped_by_the_next_init(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "node"
    words = ["init", "--data", str(data), "--place", PLACE, "--name", "上关村", "--parent-url", "http://127.0.0.1:9"]
    assert cli.main([*words, "--protect", "passphrase", "--passphrase-fd", given(WORDS)]) == 0
    (data / "odd.key").write_text("ab" * 32)
    assert keyring.how_they_lie(data) == "partly"
    capsys.readouterr()
    assert cli.main(["keys", "show", "--data", str(data)]) == 0
    assert "加密没有做完" in capsys.readouterr().out
    assert cli.main([*words, "--protect", "passphrase", "--passphrase-fd", given(WORDS)]) == 0
    assert keyring.how_they_lie(data) == "passphrase" and is_wrapped((data / "odd.key").read_text())
