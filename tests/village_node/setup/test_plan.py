"""What is wrong with an answer is told by its field, in both languages; what is right has no fault."""

import socket
from pathlib import Path
from typing import Any

import pytest

from center_node.demo.network import free_ports
from village_node import keyring
from village_node.setup import plan

SOUND: dict[str, Any] = {
    "place": "621021101201",
    "name": "上关村委会",
    "road": "line",
    "parent_url": "http://192.168.1.8:8701",
    "parent_wait_url": "",
    "protect": "none",
    "host": "127.0.0.1",
    "port": 8700,
    "wait_port": 0,
    "public_url": "",
    "staff_no": "0001",
    "staff_name": "王芳",
    "roles": ["agent"],
    "password": "窑洞门前两棵老槐树开花了",
}
LONG = "一条大河波浪宽，风吹稻花香"

# What is changed in sound answers, the field that is named, and a word of what is said.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"place": ""}, "place", "请选择或填写"),
    ({"place": "62 1021"}, "place", "不是单位代码"),
    ({"place": 621021101201}, "place", "不是单位代码"),
    ({"place": "621021101000"}, "place", "与级别不符"),
    ({"place": "62102110120"}, "place", "与级别不符"),
    ({"name": " "}, "name", "请填写单位名称"),
    ({"name": "长" * 61}, "name", "最多 60"),
    ({"road": "pigeon"}, "road", "请选择"),
    ({"parent_url": ""}, "parent_url", "没有网络的请选“没有网络，用 U 盘办理”"),
    ({"parent_url": "ftp://nowhere"}, "parent_url", "应以 http:// 或 https:// 开头"),
    ({"parent_url": "192.168.1.8:8701"}, "parent_url", "这不是上级地址"),
    ({"parent_url": "http://"}, "parent_url", "这不是上级地址"),
    ({"parent_url": "http://x:99999"}, "parent_url", "这不是上级地址"),
    ({"parent_url": 7}, "parent_url", "这不是上级地址"),
    ({"road": "files"}, "parent_url", "不要填地址"),
    ({"parent_wait_url": "x"}, "parent_wait_url", "http://"),
    ({"protect": "magic"}, "protect", "请选择"),
    ({"protect": ["none"]}, "protect", "请选择"),
    ({"protect": "passphrase", "passphrase": "short"}, "passphrase", "至少 12"),
    ({"protect": "systemd"}, "passphrase", "至少 12"),
    ({"passphrase": LONG}, "passphrase", "不要填口令"),
    ({"host": ""}, "host", "请填写本机地址"),
    ({"host": "a b"}, "host", "请填写本机地址"),
    ({"host": "192.168.1.10:8700", "pages_without_tls": True}, "host", "只写地址"),
    ({"host": "::::", "pages_without_tls": True}, "host", "只写地址"),
    ({"host": "192.168.1.10"}, "host", "明文传输"),
    ({"host": "0.0.0.0", "public_url": "http://x"}, "host", "明文传输"),
    ({"host": "0.0.0.0", "pages_without_tls": True}, "public_url", "所有网卡"),
    ({"port": 0}, "port", "1 到 65535"),
    ({"port": "87x"}, "port", "1 到 65535"),
    ({"port": True}, "port", "1 到 65535"),
    ({"wait_port": 8700}, "wait_port", "不同"),
    ({"public_url": "cun.example"}, "public_url", "http://"),
    ({"public_url": 5}, "public_url", "http://"),
    ({"behind_tls": True}, "public_url", "https://"),
    ({"behind_tls": True, "public_url": "http://cun.example"}, "public_url", "https://"),
    ({"staff_no": ""}, "staff_no", "工号"),
    ({"staff_no": "a b"}, "staff_no", "工号"),
    ({"staff_no": "operator"}, "staff_no", "工号不能是"),
    ({"staff_no": 1}, "staff_no", "工号"),
    ({"staff_name": ""}, "staff_name", "姓名"),
    ({"roles": ["king"]}, "roles", "agent"),
    ({"roles": "agent"}, "roles", "agent"),
    ({"roles": [{}]}, "roles", "agent"),
    ({"second_factor": ["reviewer"]}, "second_factor", "admin"),
    ({"second_factor": "head"}, "second_factor", "admin"),
    ({"second_factor": [["head"]]}, "second_factor", "admin"),
    ({"password": ""}, "password", "请设置密码"),
    ({"password": "short"}, "password", "至少 12"),
    ({"password": "123456789012"}, "password", "太常见"),
]


def faults(told: dict[str, Any], data: Path, level: str = "village", *, root: bool = False) -> plan.Faults:
    found: plan.Faults = {}
    for step in plan.STEPS:
        found |= plan.faults_of(step, level, data, told, root=root)
    return found


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"road": "files", "parent_url": ""},
        {"protect": "passphrase", "passphrase": LONG},
        {"host": "192.168.1.10", "pages_without_tls": True},
        {"behind_tls": True, "public_url": "https://cun.example"},
        {"roles": []},
        {"roles": ["admin", "head"]},
        {"second_factor": ["admin", "head", "agent"]},
        {"place": "cun-7"},
    ],
)
def test_sound_answers_have_no_fault(changed: dict[str, Any], tmp_path: Path) -> None:
    assert faults(SOUND | changed, tmp_path) == {}


@pytest.mark.parametrize(("changed", "field", "says"), WRONG)
def test_a_wrong_answer_is_told_by_its_field(changed: dict[str, Any], field: str, says: str, tmp_path: Path) -> None:
    found = faults(SOUND | changed, tmp_path)
    assert set(found) == {field}
    assert says in found[field][0] and found[field][1].isascii() and found[field][1]


@pytest.mark.parametrize(
    ("level", "right", "wrong"),
    [
        ("county", "621021000000", "621021101000"),
        ("township", "621021101000", "621021000000"),
        ("township", "621021101000", "621021101201"),
        ("village", "621021101201", "621021101000"),
    ],
)
def test_a_code_is_one_of_the_level(level: str, right: str, wrong: str) -> None:
    assert plan.place_faults(level, {"place": right, "name": "甲"}) == {}
    assert set(plan.place_faults(level, {"place": wrong, "name": "甲"})) == {"place"}


def test_whether_complaints_are_heard_is_asked_of_the_county_alone(tmp_path: Path) -> None:
    county = SOUND | {"place": "621021000000", "road": "", "parent_url": "", "roles": ["officer"]}
    for answer in (True, False):
        assert faults(county | {"hear_complaints": answer}, tmp_path, "county", root=True) == {}
    for wrong in (None, "yes", 1):
        told = faults(county | {"hear_complaints": wrong}, tmp_path, "county", root=True)
        assert set(told) == {"hear_complaints"} and "true" in told["hear_complaints"][0]
    elsewhere = faults(SOUND | {"hear_complaints": True}, tmp_path)
    assert set(elsewhere) == {"hear_complaints"} and "“投诉”页" in elsewhere["hear_complaints"][0]


def test_nobody_is_above_the_county() -> None:
    assert plan.above_faults({}, root=True) == {}
    assert set(plan.above_faults({"parent_url": "http://x", "road": "line"}, root=True)) == {"parent_url", "road"}


def test_keys_that_a_try_has_wrapped_open_with_its_passphrase_alone(tmp_path: Path) -> None:
    keyring.begin(tmp_path, LONG, lambda count: b"7" * count)
    assert plan.keys_faults(tmp_path, {"protect": "passphrase", "passphrase": LONG}) == {}
    assert set(plan.keys_faults(tmp_path, {"protect": "passphrase", "passphrase": LONG + "。"})) == {"passphrase"}
    assert set(plan.keys_faults(tmp_path, {"protect": "none"})) == {"protect"}


@pytest.mark.sockets
def test_where_the_node_can_never_listen_is_told_by_its_field(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, free = taken.getsockname()[1], free_ports(1)[0]
        sound = SOUND | {"port": free, "pages_without_tls": True}
        for changed, named, says in (
            ({}, "", ""),
            ({"host": "::1"}, "", ""),
            ({"host": "192.0.2.1"}, "host", "没有这个地址"),
            ({"host": "nowhere.invalid"}, "host", "没有这个地址"),
            ({"host": "a..b"}, "host", "没有这个地址"),
            ({"port": port}, "port", "换一个"),
            ({"wait_port": port}, "wait_port", "换一个"),
        ):
            found = plan.faults_of("reach", "village", tmp_path, sound | changed, root=False)
            assert list(found) == [named] * bool(named), changed
            assert not named or (says in found[named][0] and found[named][1].isascii())
        own = plan.faults_of("reach", "village", tmp_path, sound | {"port": port}, root=False, own_port=port)
        assert own == {}, "the pages that ask are served there, and go"


def test_a_bad_plan_names_file_and_fields() -> None:
    told = str(plan.BadPlan({"place": ("甲", "first"), "port": ("乙", "second")}, "setup.toml"))
    assert told.splitlines() == ["setup.toml: place: first / 甲", "setup.toml: port: second / 乙"]
