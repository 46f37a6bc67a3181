"""Settings: what is written is read back, the environment overrides, and each mistake is named with what to write."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from center_node import cli as center
from village_node import cli, config


@pytest.fixture
def written(tmp_path, monkeypatch):
    for each in fields(config.Config):
        monkeypatch.delenv(f"SANJI_{each.name.upper()}", raising=False)
    chosen = config.Config(
        data=tmp_path,
        place="621021101201",
        name='上关村委会 "一组"\\',
        level="village",
        port=8710,
        parent_url="http://127.0.0.1:8701",
        ancestor_urls=("http://127.0.0.1:8702",),
        wait_s=12.5,
        behind_tls=True,
    )
    config.write(chosen)
    return chosen


def test_what_was_written_is_read_back(written):
    assert config.load(written.data) == written


def test_the_settings_file_is_for_its_owner_alone(written):
    assert (written.data / config.SETTINGS_FILE).stat().st_mode & 0o077 == 0


def test_the_environment_overrides_the_file(written, monkeypatch):
    monkeypatch.setenv("SANJI_PORT", "9000")
    monkeypatch.setenv("SANJI_ANCESTOR_URLS", "http://a:1,http://b:2")
    monkeypatch.setenv("SANJI_WAIT_S", "3")
    monkeypatch.setenv("SANJI_BEHIND_TLS", "false")
    loaded = config.load(written.data)
    assert (loaded.port, loaded.ancestor_urls, loaded.wait_s, loaded.behind_tls) == (
        9000,
        ("http://a:1", "http://b:2"),
        3.0,
        False,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "a"\nlevel = "village"', "'place' is missing"),
        ('place = "1"\nname = "a"\nlevel = "hamlet"', "county, township, village, station"),
        ('place = "1"\nname = "a"\nlevel = "village"\nprot = 1', "unknown setting 'prot'"),
        ('place = "1"\nname = "a"\nlevel = "village"\nport = "1"', "'port' must be of type int"),
        ('place = "1"\nname = "a"\nlevel = "village"\nreserve_mb = -1', "must not be negative"),
        ('place = "1"\nname = "a"\nlevel = "village"\nquota_events = -1', "must not be negative"),
        ('place = "1"\nname = "a"\nlevel = "village"\ntoken_rows_a_day = -1', "must not be negative"),
        ('place = "1"\nname = "a"\nlevel = "village"\nsealing_suite = "s2"', "one of s1, s1q"),
        (
            'place = "1"\nname = "a"\nlevel = "village"\nwebhook_hosts = ["https://a.cn/x"]',
            "'https://a.cn/x': write a host",
        ),
        ('place = "1"\nname = "a"\nlevel = "village"\nkiosk_addresses = ["hall"]', "'hall': write an address"),
        ('place = "1"\nname = "a"\nlevel = "village"\nport = 70000', "between 0 and 65535"),
        ('place = "1"\nname = "a"\nlevel = "village"\nparent_url = "ftp://x"', "http:// or https://"),
        ('place = "1"\nname = "a"\nlevel = "village"\nancestor_urls = "x"', "list of texts"),
        ("place = ", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(tmp_path, text, says):
    (tmp_path / config.SETTINGS_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(config.BadSettings, match=says):
        config.load(tmp_path)


def test_a_mistake_in_the_environment_names_its_variable(written, monkeypatch):
    monkeypatch.setenv("SANJI_PORT", "many")
    with pytest.raises(config.BadSettings, match="SANJI_PORT"):
        config.load(written.data)


def test_a_directory_without_a_node_says_to_run_init(tmp_path):
    with pytest.raises(config.BadSettings, match="run `init` first"):
        config.load(tmp_path)


def test_an_empty_database_url_means_a_file_beside_the_settings(written):
    assert written.database == f"sqlite:///{written.data / 'node.db'}"
    assert replace(written, database_url="postgresql+psycopg://x").database == "postgresql+psycopg://x"


def test_residents_are_led_to_the_public_address():
    chosen = config.Config(data=Path("/nowhere"), place="1", name="a", level="village")
    assert chosen.url == "http://127.0.0.1:8700"
    assert replace(chosen, public_url="https://fuwu.example/").url == "https://fuwu.example"


@pytest.mark.parametrize(
    ("level", "purge", "purges"),
    [
        ("village", "", True), ("station", "", True), ("township", "", False), ("county", "", False),
        ("village", "off", False), ("township", "bodies", True), ("county", "off", False),
    ],
)  # fmt: skip
def test_a_village_clears_contents_by_itself_and_those_above_only_when_told(level, purge, purges):
    values = {"place": "1", "name": "a", "level": level, "purge": purge}
    assert config.checked(Path("/nowhere"), values).purges is purges


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"purge": "all"}, "'purge' is 'all'"),
        ({"purge": "bodies", "level": "county"}, "the county keeps every body"),
        ({"retention_days": 6}, "below 'county_backup_days'"),
        ({"county_backup_days": 31}, "below 'county_backup_days'"),
        ({"county_backup_days": 0, "retention_days": 0}, "must be 1 or more"),
    ],
)
def test_a_purge_that_could_lose_something_is_refused(values, says):
    usual = {"place": "1", "name": "a", "level": "village"}
    with pytest.raises(config.BadSettings, match=says):
        config.checked(Path("/nowhere"), usual | values)
    assert config.checked(Path("/nowhere"), usual | {"retention_days": 7}).retention_days == 7


def test_a_place_chooses_the_suite_of_its_keys_when_it_is_made(tmp_path):
    words = ["--place", "621021101201", "--name", "上关村", "--parent-url", "http://127.0.0.1:9"]
    for suite, chosen in (("s1", []), ("s1q", ["--suite", "s1q"])):
        data = tmp_path / suite
        assert cli.main(["init", "--data", str(data), *words, *chosen]) == 0
        assert config.load(data).sealing_suite == suite


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.10", "fe80::1", "node.lan"])
def test_pages_go_over_a_network_in_the_clear_only_where_somebody_has_said_so(tmp_path, host):
    chosen = config.Config(tmp_path, "621021101201", "上关村", "village", host=host)
    with pytest.raises(config.BadSettings, match="pages_without_tls = true"):
        config.refuse_open_pages(chosen)
    config.refuse_open_pages(replace(chosen, pages_without_tls=True))
    config.refuse_open_pages(replace(chosen, behind_tls=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", "a.localhost"])
def test_a_node_for_this_machine_alone_needs_no_tls(tmp_path, host):
    config.refuse_open_pages(config.Config(tmp_path, "621021101201", "上关村", "village", host=host))


def test_a_node_in_the_open_does_not_start_and_says_what_to_write(tmp_path, capsys):
    data = str(tmp_path / "county")
    words = ["init", "--data", data, "--place", "621021000000", "--name", "庆城县", "--host", "0.0.0.0"]
    assert center.main(words) == 0
    assert center.main(["status", "--data", data]) == 0, "only pages are refused"
    assert center.main(["serve", "--data", data]) == 1
    assert "pages_without_tls = true" in capsys.readouterr().err


def test_roles_of_the_settings_are_roles_of_some_level(written, monkeypatch):
    kept = replace(written, second_factor=("head", "admin"), one_session=())
    config.write(kept)
    assert config.load(written.data) == kept, "an empty list is written where it is not the usual one"
    monkeypatch.setenv("SANJI_SECOND_FACTOR", "reviewer, officer")
    monkeypatch.setenv("SANJI_ONE_SESSION", "agent")
    read = config.load(written.data)
    assert read.second_factor == ("reviewer", "officer") and read.one_session == ("agent",)
    monkeypatch.setenv("SANJI_SECOND_FACTOR", "")
    assert config.load(written.data).second_factor == ()
    monkeypatch.setenv("SANJI_SECOND_FACTOR", "mayor")
    with pytest.raises(config.BadSettings, match="'second_factor' names no role with 'mayor'"):
        config.load(written.data)
