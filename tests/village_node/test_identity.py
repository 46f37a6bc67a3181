"""Identity: kept in two files, the secret one for its owner alone, never drawn twice for one directory."""

import pytest

from village_node import identity


def test_what_was_drawn_is_read_back(tmp_path):
    made = identity.create(tmp_path, "621021101201", "village", "上关村委会")
    loaded = identity.load(tmp_path)
    assert (loaded.place, loaded.level, loaded.name) == ("621021101201", "village", "上关村委会")
    assert loaded.incarnation == made.incarnation and len(made.incarnation) == 16
    assert loaded.key.public == made.key.public
    assert loaded.network_id is None


def test_the_key_is_for_its_owner_alone_and_not_beside_the_name(tmp_path):
    made = identity.create(tmp_path, "1", "village", "a")
    key_file = tmp_path / identity.KEY_FILE
    assert key_file.stat().st_mode & 0o077 == 0
    seed = key_file.read_text(encoding="ascii")
    assert seed not in (tmp_path / identity.IDENTITY_FILE).read_text(encoding="utf-8")
    assert made.key.public.hex() != seed


def test_two_nodes_never_share_a_key_or_an_incarnation(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = (identity.create(tmp_path / name, "1", "village", "a") for name in "ab")
    assert one.incarnation != other.incarnation
    assert one.key.public != other.key.public


def test_a_new_life_has_an_incarnation_and_a_key_of_its_own_and_keeps_those_before(tmp_path):
    before = identity.create(tmp_path, "1", "village", "a")
    begun = identity.succeed(tmp_path, before, "no_witness", 7)
    assert begun.incarnation != before.incarnation
    assert begun.key.public != before.key.public
    loaded = identity.load(tmp_path)
    assert (loaded.incarnation, loaded.key.public) == (begun.incarnation, begun.key.public)
    assert [each.key.public for each in loaded.former] == [before.key.public]


def test_a_second_identity_in_one_directory_is_refused(tmp_path):
    made = identity.create(tmp_path, "1", "village", "a")
    for place, level in (("2", "village"), ("1", "station")):
        with pytest.raises(identity.NoIdentity, match="holds an identity already"):
            identity.create(tmp_path, place, level, "a")
    identity.enrolled(tmp_path, made, b"n" * 32, b"p" * 16)
    with pytest.raises(identity.NoIdentity, match="holds an identity already"):
        identity.create(tmp_path, "1", "village", "a")


def test_what_a_cut_short_beginning_left_is_taken_up_until_the_node_is_enrolled(tmp_path):
    made = identity.create(tmp_path, "1", "village", "a")
    again = identity.create(tmp_path, "1", "village", "another name")
    assert (again.incarnation, again.key.public, again.name) == (made.incarnation, made.key.public, "another name")
    (tmp_path / identity.IDENTITY_FILE).unlink()  # the power went between the two files
    begun = identity.create(tmp_path, "1", "village", "a")
    assert begun.key.public == made.key.public and begun.incarnation != made.incarnation


def test_membership_survives_a_restart(tmp_path):
    made = identity.create(tmp_path, "1", "village", "a")
    identity.enrolled(tmp_path, made, b"n" * 32, b"p" * 16)
    loaded = identity.load(tmp_path)
    assert (loaded.network_id, loaded.parent) == (b"n" * 32, b"p" * 16)


@pytest.mark.parametrize("name", [identity.IDENTITY_FILE, identity.KEY_FILE])
@pytest.mark.parametrize("content", [None, "", "{}", "not hex"])
def test_a_missing_or_damaged_file_is_said_in_words(tmp_path, name, content):
    identity.create(tmp_path, "1", "village", "a")
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(identity.NoIdentity, match=r"missing|damaged"):
        identity.load(tmp_path)
