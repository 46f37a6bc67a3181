"""The way through the pages: faults keep what was typed, nothing is on the disk until the last step; then all is."""

import html
import io
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from center_node import cli as county_cli
from sync_protocol.errors import Malformed
from tests.village_node.setup.browser import ANSWERS, NAME, PASSPHRASE, PASSWORD, PLACE, Setting, setting_up
from township_node import cli as township_cli
from village_node import app, config, identity, keyring, store
from village_node.accounts import SignInRefused, StaffTrouble
from village_node.joining import Stage
from village_node.setup import Progress, making, plan, progress_of
from village_node.setup import wizard as wizards
from village_node.setup.regions import Region

COUNTY, TOWNSHIP = "621021000000", "621021101000"
LISTED = [
    Region(COUNTY, "庆城县", "county", ""),
    Region(TOWNSHIP, "驿马镇", "township", COUNTY),
    Region("621021102000", "三十里铺镇", "township", COUNTY),
    Region(PLACE, NAME, "village", TOWNSHIP),
]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with setting_up(tmp_path / "node") as opened:
        yield opened


@pytest.fixture
def township(tmp_path: Path) -> Path:
    """The data directory of a township in a network."""
    county, township = tmp_path / "county", tmp_path / "township"
    assert county_cli.main(["init", "--data", str(county), "--place", COUNTY, "--name", "庆城县"]) == 0
    named = ["--place", TOWNSHIP, "--name", "驿马镇", "--parent-url", "http://127.0.0.1:1"]
    assert township_cli.main(["init", "--data", str(township), *named]) == 0
    answer = str(tmp_path / "township-answer")
    assert county_cli.main(["enrol", "--data", str(county), str(township / app.REQUEST_FILE), answer]) == 0
    assert township_cli.main(["init", "--data", str(township), "--answer", answer]) == 0
    return township


def answer_of(township: Path, request: bytes) -> bytes:
    """What a township answers to a request that was carried to it."""
    asked, answer = township.parent / "asked", township.parent / "answer"
    asked.write_bytes(request)
    assert township_cli.main(["enrol", "--data", str(township), str(asked), str(answer)]) == 0
    return answer.read_bytes()


def test_each_fault_names_its_field_and_what_was_typed_stays_except_secrets(setting: Setting) -> None:
    browser = setting.entered()
    wrong: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
        "place": ({"place": "621021101000", "name": "上关"}, ["place"], ["621021101000", "上关"]),
        "above": ({"road": "line", "parent_url": "cun"}, ["parent_url"], ["cun"]),
        "keys": (
            {"protect": "passphrase", "passphrase": "secret", "passphrase_again": "secrets"},
            ["passphrase", "passphrase_again"],
            ['value="passphrase" checked'],
        ),
        "reach": (
            {"way": "tls", "host": "192.168.1.10", "port": "87x", "public_url": "http://a.example"},
            ["port", "public_url"],
            ["192.168.1.10", "87x", "http://a.example", 'value="tls" checked'],
        ),
        "account": (
            {
                "staff_no": "node",
                "staff_name": "王芳",
                "roles": ["head"],
                "password": "a secret",
                "password_again": "b",
            },
            ["staff_no", "password", "password_again"],
            ["王芳", 'value="node"', 'value="head" checked'],
        ),
    }
    assert set(wrong) == set(ANSWERS)
    for step, (fields, named, kept) in wrong.items():
        page = browser.send(f"/setup/{step}", fields)
        assert page.status_code == 422 and 'role="alert"' in page.text
        for name in named:
            assert f'href="#f-{name}"' in page.text and f'id="e-{name}"' in page.text, (step, name)
            assert f'id="f-{name}"' in page.text
        for text in kept:
            assert text in page.text, (step, text)
        assert "secret" not in page.text
        assert step not in setting.wizard.answered
    assert browser.open("/setup/look").headers["Location"] == "/setup/place"
    assert not setting.wizard.data.exists()


def test_answers_are_corrected_later_and_no_secret_is_ever_shown(setting: Setting) -> None:
    browser = setting.entered()
    keys = {"protect": "passphrase", "passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE}
    browser.answer(keys=keys)
    look = browser.open("/setup/look").text
    assert NAME in look and "王芳" in look and "每次启动输入" in look
    assert browser.send("/setup/place", {"place": PLACE, "name": "下关村"}).headers["Location"] == "/setup/look"
    assert "下关村" in browser.open("/setup/look").text
    assert browser.send("/setup/keys", {"protect": "none", "passphrase": PASSPHRASE}).status_code == 303
    assert setting.wizard.told["passphrase"] == "", "an earlier answer wraps nothing"
    for path in ("look", *ANSWERS):
        shown = browser.open(f"/setup/{path}").text
        assert PASSWORD not in shown and PASSPHRASE not in shown
    assert not setting.wizard.data.exists()


def test_the_place_is_chosen_from_the_list_or_typed_and_not_both(tmp_path: Path) -> None:
    with setting_up(tmp_path / "node", listed=LISTED) as setting:
        browser = setting.entered()
        page = browser.open("/setup/place").text
        assert f"{NAME} {PLACE}" in page and 'optgroup label="驿马镇"' in page and f'value="{TOWNSHIP}"' not in page
        twice = browser.send("/setup/place", {"listed": PLACE, "place": "621021101202", "name": ""})
        assert twice.status_code == 422 and "只留一个" in twice.text and "621021101202" in twice.text
        assert browser.send("/setup/place", {"listed": TOWNSHIP}).status_code == 422
        assert browser.send("/setup/place", {"listed": PLACE}).status_code == 303
        assert (setting.wizard.told["place"], setting.wizard.told["name"]) == (PLACE, NAME)


def test_the_name_of_the_place_before_does_not_stay_with_another_place(tmp_path: Path) -> None:
    other = Region("621021101202", "下关村委会", "village", TOWNSHIP)
    with setting_up(tmp_path / "node", listed=[*LISTED, other]) as setting:
        browser, told = setting.entered(), setting.wizard.told
        browser.send("/setup/place", {"listed": PLACE})
        browser.send("/setup/place", {"listed": other.code, "name": NAME})  # as the form stands
        assert (told["place"], told["name"]) == (other.code, other.name)
        browser.send("/setup/place", {"listed": PLACE, "name": "上关"})
        assert told["name"] == "上关"
        browser.send("/setup/place", {"listed": other.code, "name": "上关"})
        assert told["name"] == other.name
        missing = browser.send("/setup/place", {"place": "621021101203", "name": other.name})
        assert missing.status_code == 422 and 'id="e-name"' in missing.text
    with setting_up(tmp_path / "other", listed=[*LISTED, other]) as setting:
        browser, told = setting.entered(), setting.wizard.told
        browser.send("/setup/place", {"place": "62102110120", "name": "上关"})
        browser.send("/setup/place", {"place": PLACE, "name": "上关"})
        assert (told["place"], told["name"]) == (PLACE, "上关"), "a slip of the pen in the code leaves what was typed"


def test_a_choice_stays_where_a_code_was_typed_beside_it(tmp_path: Path) -> None:
    with setting_up(tmp_path / "node", listed=LISTED) as setting:
        twice = setting.entered().send("/setup/place", {"listed": PLACE, "place": "621021101202"})
        assert twice.status_code == 422 and f'value="{PLACE}" selected' in twice.text


def test_what_the_environment_fixes_is_checked_shown_and_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANJI_HOST", "0.0.0.0")
    monkeypatch.setenv("SANJI_PAGES_WITHOUT_TLS", "true")
    monkeypatch.setenv("SANJI_PARENT_URL", "http://township:8700")
    with setting_up(tmp_path / "node") as setting:
        browser = setting.entered()
        page = browser.open("/setup/reach").text
        assert re.search(r'name="host"[^>]*value="0\.0\.0\.0"[^>]* readonly', page) and "SANJI_HOST" in page
        assert 'value="clear" checked' in page and 'value="alone"' not in page and 'value="tls"' not in page
        page = browser.open("/setup/above").text
        assert 'value="files"' not in page and 'value="http://township:8700"' in page
        alone = {**ANSWERS["reach"], "way": "alone"}
        refused = browser.send("/setup/reach", alone)
        assert refused.status_code == 422 and 'id="e-way"' in refused.text and 'id="e-public_url"' in refused.text
        reach = {"way": "clear", "host": "127.0.0.1", "port": "8700", "public_url": "http://192.168.1.9:8700"}
        browser.answer(above={"road": "line", "parent_url": "http://x"}, reach=reach)
        look = browser.open("/setup/look").text
        assert "0.0.0.0:8700" in look and "明文，可信网络" in look and "http://township:8700" in look
        setting.wizard.over.set()  # it is not to call there
        assert browser.again("/setup/look", {}).status_code == 303
        made = setting.wizard.made
        assert made is not None and (made.host, made.pages_without_tls) == ("0.0.0.0", True)


def test_where_it_cannot_listen_any_more_nothing_is_made(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = setting.entered()
    browser.answer()
    browser.open("/setup/look")

    def taken(host: str, port: int) -> None:
        if port:
            raise OSError("address in use")

    monkeypatch.setattr(plan, "listen_once", taken)
    refused = browser.again("/setup/look", {})
    assert refused.status_code == 422 and 'id="e-port"' in refused.text and not setting.wizard.data.exists()
    assert browser.open("/setup/look").headers["Location"] == "/setup/reach"
    monkeypatch.setattr(plan, "listen_once", lambda host, port: None)
    assert browser.send("/setup/reach", ANSWERS["reach"]).headers["Location"] == "/setup/look"


@pytest.mark.parametrize(
    ("problem", "says", "step"),
    [
        (identity.NoIdentity("holds an identity"), "属于另一个单位", "place"),
        (keyring.NoPassphrase("wrong"), "口令打不开", "keys"),
        (config.BadSettings("setting 'port'"), "有一项设置不能用", "reach"),
        (making.Inhabited(), "数据库里已有另一个节点", ""),
        (StaffTrouble("工号已存在", "exists already"), "工号已存在", "account"),
        (store.StoreError("数据库版本太新", "newer"), "数据库版本太新", ""),
        (Malformed("no code"), "区划表里", "place"),
        (OSError("disk"), "没有写到磁盘上", ""),
    ],
)
def test_why_a_node_was_not_made_is_said_in_chinese_with_the_step_to_mend(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, problem: Exception, says: str, step: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise problem

    browser = setting.entered()
    browser.answer()
    monkeypatch.setattr(wizards, "make", fail)
    refused = browser.send("/setup/look", {})
    box = refused.text.partition('role="alert"')[2].partition("<dl")[0]
    assert refused.status_code == 422 and says in box and str(problem) in html.unescape(box)
    assert re.findall(r'href="/setup/(\w+)"', box) == [step] * bool(step)


@pytest.mark.slow
def test_a_village_is_made_by_pages_and_joins_by_files(setting: Setting, township: Path) -> None:
    browser, data = setting.entered(), setting.wizard.data
    browser.answer()
    assert not data.exists()
    assert browser.send("/setup/look", {}).headers["Location"] == "/setup/joining"
    assert progress_of(data, root=False) is Progress.WAITS
    assert stat.S_IMODE(data.stat().st_mode) == 0o700 and stat.S_IMODE((data / "node.key").stat().st_mode) == 0o600
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in data.iterdir())
    page = browser.open("/setup/joining")
    assert "用 U 盘办理" in page.text and "Refresh" not in page.headers
    request = browser.open("/setup/request")
    assert request.data == (data / app.REQUEST_FILE).read_bytes()
    assert request.headers["Content-Disposition"] == f'attachment; filename="{app.REQUEST_FILE}"'
    for raw, says in ((b"", "请选择"), (b"nonsense", "不是给本机的答复")):
        refused = browser.send("/setup/files", {"answer": (io.BytesIO(raw), "a.cbor")})
        assert refused.status_code == 422 and says in refused.text and progress_of(data, root=False) is Progress.WAITS
    answer = answer_of(township, request.data)
    assert browser.send("/setup/files", {"answer": (io.BytesIO(answer), "a.cbor")}).status_code == 303
    asking = setting.wizard.joining
    assert asking is not None and asking.stage is Stage.IN
    assert asking.network in browser.open("/setup/joining").text
    assert progress_of(data, root=False) is Progress.WAITS, "nobody has compared yet"
    assert browser.client.post("/setup/compared").status_code == 403
    done = browser.again("/setup/compared", {})
    assert done.status_code == 200 and "/sign-in" in done.text and f"serve --data {data}" in done.text
    assert not setting.wizard.over.is_set(), "not before the page has left"
    done.close()
    assert setting.wizard.over.is_set() and progress_of(data, root=False) is Progress.IN
    node = app.create_node(config.load(data))
    try:
        signed_in = node.accounts.sign_in("0001", PASSWORD, "here")
        person = node.accounts.person(signed_in.cookie)
        assert person is not None and (person.name, sorted(person.roles - person.stands_in)) == (
            "王芳",
            ["admin", "agent"],
        )
        with pytest.raises(SignInRefused):
            node.accounts.sign_in("0001", "another password", "here")
        assert node.web.test_client().get("/setup", headers={"Host": "127.0.0.1"}).status_code == 404
        lines = [(line.actor, line.action) for line in node.accounts.rows.audit_lines(10)]
        assert ("first set-up", "staff.invite") in lines
    finally:
        node.close()


def test_once_it_is_made_nothing_is_asked_again_and_a_power_cut_leads_back_to_joining(setting: Setting) -> None:
    browser, data = setting.entered(), setting.wizard.data
    browser.answer()
    browser.open("/setup/look")
    for _ in range(2):  # pressed twice
        assert browser.again("/setup/look", {}).status_code == 303
    asking = setting.wizard.joining
    setting.wizard.make()  # the second press came while the first one was at work
    assert asking is not None and setting.wizard.joining is asking
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.suffix != ".db"}
    for path in ("/setup/place", "/setup/look", "/setup"):
        assert browser.open(path).headers["Location"] == "/setup/joining"
    browser.open("/setup/files")
    assert browser.again("/setup/place", {"place": "621021101299", "name": "别村"}).status_code == 303
    assert setting.wizard.told["place"] == PLACE
    assert browser.again("/setup/compared", {}).headers["Location"] == "/setup/joining"
    with setting_up(data) as later:
        later.wizard.go_on(config.load(data))
        again = later.entered()
        assert again.open("/setup").headers["Location"] == "/setup/joining"
        assert again.open("/setup/request").data == before[app.REQUEST_FILE]
    assert {path.name: path.read_bytes() for path in data.iterdir() if path.suffix != ".db"} == before


def test_another_address_of_the_place_above_is_kept_before_the_node_is_in(setting: Setting) -> None:
    browser, data = setting.entered(), setting.wizard.data
    browser.answer()
    browser.send("/setup/look", {})
    wrong = browser.send("/setup/address", {"road": "line", "parent_url": "zhen"})
    assert wrong.status_code == 422 and 'value="zhen"' in wrong.text
    setting.wizard.over.set()  # it is not to call there
    line = {"road": "line", "parent_url": "http://192.168.1.8:8701"}
    assert browser.send("/setup/address", line).status_code == 303
    assert config.load(data).parent_url == "http://192.168.1.8:8701"
    page = browser.open("/setup/joining")
    assert "http://192.168.1.8:8701" in page.text and page.headers["Refresh"] == "5"
    assert browser.send("/setup/address", {"road": "files", "parent_url": "http://x"}).status_code == 303
    assert config.load(data).parent_url == ""


def test_a_county_is_founded_by_pages_with_its_townships(tmp_path: Path) -> None:
    data = tmp_path / "county"
    with setting_up(data, county_cli.COUNTY, LISTED) as setting:
        browser = setting.entered()
        assert browser.open("/setup/above").status_code == 404
        account = {**ANSWERS["account"], "roles": ["officer", "head"], "hear_complaints": "yes"}
        browser.answer(place={"listed": COUNTY}, above={}, account=account)
        assert "驿马镇、三十里铺镇" in browser.open("/setup/look").text
        done = browser.again("/setup/look", {})
        assert done.status_code == 200 and "county-root.key" in done.text and "投诉受理已开通" in done.text
        for path in ("/setup/look", "/setup/place", "/setup"):
            again = browser.open(path)
            assert again.status_code == 200 and "设置完成" in again.text, "read again before the node begins"
        done.close()
        assert setting.wizard.over.is_set()
    assert progress_of(data, root=True) is Progress.IN
    node = county_cli.COUNTY.create_node(config.load(data))
    try:
        assert node.casebook.roster.places.name("621021102000") == "三十里铺镇"
        node.accounts.sign_in("0001", PASSWORD, "here")
        assert node.casebook.complaints_open() and node.casebook.who_hears(TOWNSHIP, higher=False) == COUNTY
        told = [(line.actor, line.action) for line in node.accounts.rows.audit_lines(9)]
        assert ("0001", "complaints.open") in told, "whoever set it up has opened it"
    finally:
        node.close()


@pytest.mark.parametrize("hears", [True, False])
def test_a_county_is_asked_whether_complaints_are_heard_from_the_first_day(tmp_path: Path, hears: bool) -> None:
    data = tmp_path / "county"
    with setting_up(data, county_cli.COUNTY, LISTED) as setting:
        browser = setting.entered()
        asked = browser.open("/setup/account").text
        assert 'name="hear_complaints" value="yes" checked' in asked and "请给督查的人建账号" in asked
        account = {**ANSWERS["account"], "roles": ["officer"], **({"hear_complaints": "yes"} if hears else {})}
        browser.answer(place={"listed": COUNTY}, above={}, account=account)
        assert ('value="yes" checked' in browser.open("/setup/account").text) == hears, "as it was answered"
        look = browser.open("/setup/look").text
        assert ("建好就开通" if hears else "先不开通") in look
        with closing(browser.again("/setup/look", {})) as done:
            assert ("投诉受理已开通" in done.text) == hears
    with closing(county_cli.COUNTY.create_node(config.load(data))) as node:
        assert node.casebook.complaints_open() == hears
        assert (node.casebook.unheard([TOWNSHIP]) == []) == hears


def test_no_other_place_is_asked_before_it_is_in_its_network(setting: Setting) -> None:
    assert "hear_complaints" not in setting.entered().open("/setup/account").text


def ticked(page: str) -> list[str]:
    return re.findall(r'name="second_factor" value="(\w+)" checked', page)


@pytest.mark.slow
def test_whoever_decides_or_administers_signs_in_with_a_second_factor_unless_it_is_unticked(tmp_path: Path) -> None:
    advised = ["officer", "head", "leader", "business", "admin"]
    for number, demanded in enumerate((advised, ["head", "cashier"], [])):
        data = tmp_path / f"county{number}"
        with setting_up(data, county_cli.COUNTY, LISTED) as setting:
            browser = setting.entered()
            page = browser.open("/setup/account").text
            assert sorted(ticked(page)) == sorted(advised) and "恢复码" in page
            account = {**ANSWERS["account"], "roles": ["officer"], "second_factor": demanded}
            browser.answer(place={"listed": COUNTY}, above={}, account=account)
            assert sorted(ticked(browser.open("/setup/account").text)) == sorted(demanded), "as it was answered"
            look = browser.open("/setup/look").text
            assert ("没有岗位" in look) == (not demanded) and ("收费员" in look) == ("cashier" in demanded)
            with closing(browser.again("/setup/look", {})) as done:
                assert ("设置手机验证码" in done.text) == ("admin" in demanded)
        assert config.load(data).second_factor == tuple(demanded)


def test_a_village_is_offered_second_factors_and_none_is_chosen_for_it(setting: Setting) -> None:
    browser = setting.entered()
    page = browser.open("/setup/account").text
    assert 'name="second_factor" value="admin"' in page and not ticked(page) and "村里可以不选" in page
    wrong = browser.send("/setup/account", {**ANSWERS["account"], "second_factor": ["king"]})
    assert wrong.status_code == 422 and 'id="e-second_factor"' in wrong.text


def test_the_environment_fixes_who_has_a_second_factor_and_where_the_place_above_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANJI_SECOND_FACTOR", "head,officer")  # of all levels
    monkeypatch.setenv("SANJI_PARENT_URL", "http://township:8700")
    with setting_up(tmp_path / "node") as setting:
        browser = setting.entered()
        setting.wizard.over.set()  # it is not to call there
        page = browser.open("/setup/account").text
        assert ticked(page) == ["head"] and "SANJI_SECOND_FACTOR" in page
        browser.answer(account={**ANSWERS["account"], "second_factor": ["admin"]})
        browser.again("/setup/look", {})
        page = browser.open("/setup/address").text
        assert 'value="files"' not in page and 'value="line" checked' in page
        assert browser.send("/setup/address", {"road": "files", "parent_url": ""}).status_code == 303
        made = setting.wizard.chosen
        assert made is not None and (made.second_factor, made.parent_url) == (
            ("head", "officer"),
            "http://township:8700",
        )


@pytest.mark.slow
def test_wrapped_keys_open_with_the_passphrase_and_the_last_page_says_how_to_bind_it(
    setting: Setting, township: Path
) -> None:
    browser, data = setting.entered(), setting.wizard.data
    browser.answer(keys={"protect": "systemd", "passphrase": PASSPHRASE, "passphrase_again": PASSPHRASE})
    browser.send("/setup/look", {})
    assert keyring.how_they_lie(data) == "passphrase"
    answer = answer_of(township, browser.open("/setup/request").data)
    browser.send("/setup/files", {"answer": (io.BytesIO(answer), "a.cbor")})
    browser.open("/setup/joining")
    done = browser.again("/setup/compared", {}).text
    assert "systemd-creds encrypt --name=sanji-passphrase" in done and "LoadCredentialEncrypted=" in done
    assert PASSPHRASE not in done
    assert keyring.how_they_lie(data) == "passphrase", "what joining has written too"


def test_the_unit_starts_this_node_and_loads_the_passphrase_where_keys_are_wrapped(tmp_path: Path) -> None:
    chosen = config.Config(tmp_path, PLACE, NAME, "village")
    plain = making.service_unit(Path("/opt/50%/village-node"), chosen)
    assert f'ExecStart="/opt/50%%/village-node" serve --data "{tmp_path}"' in plain and "Restart=always" in plain
    assert "LoadCredential" not in plain
    keyring.begin(tmp_path, PASSPHRASE, identity.random_bytes)
    assert f"LoadCredentialEncrypted={config.CREDENTIAL}:" in making.service_unit(Path("/x"), chosen)
