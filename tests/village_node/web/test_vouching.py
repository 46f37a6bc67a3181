"""The password once more: before a key, a token, a machine or raw data is given out, whoever is there shows it."""

from sync_protocol.exchange import ANOTHER_NONCE
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, file_of, problems
from township_node.web import accounts, children, newcomers, revocations
from village_node.web import pages

# Written out by hand, so that one taken away is missed.
VOUCHED = {
    "make_token", "rekey", "refused_sample", "ask_revocation", "answer_revocation", "answer_newcomer",
    "invite", "change_staff", "renew", "disable", "order_account", "begin_factor", "renew_codes", "end_factor",
    "reset_factor", "answer_export", "make_webhook", "go_on", "retire", "answer_for", "settle_alarm", "allow_lives",
    "stand_in", "end_stand_in", "rule_on_fork", "take_work", "take_fee_day",
    "publish_catalogue", "enter_authority", "enter_seal",
}  # fmt: skip
TOKEN = {"name": "县一体化平台", "whose": "0002:head", "days": "30"}


def sent(visitor: Visitor, path: str, **values: str) -> tuple[int, str]:
    """What a browser sends that has asked for no password yet."""
    answer = visitor.client.post(path, data={"token": visitor.token(), **values})
    return answer.status_code, answer.text


def test_the_acts_that_ask_for_it_are_these() -> None:
    routes = (*pages.ROUTES, *children.ROUTES, *newcomers.ROUTES, *revocations.ROUTES, *accounts.ROUTES)
    assert {route.name for route in routes if route.vouched} == VOUCHED
    assert all(route.methods == ("POST",) and route.policy.roles for route in routes if route.vouched)


def test_a_token_is_made_after_the_password_and_nothing_typed_is_lost(village: Counter) -> None:
    head, rows = village.sign_in("0002", "head"), village.accounts.tokens.rows
    status, page = sent(head, "/tokens/make", **TOKEN)
    assert status == 401 and "请再输入一次密码" in page and rows.tokens() == []
    for name, value in TOKEN.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    status, page = sent(head, "/tokens/make", **TOKEN, again_password="wrong")
    assert status == 401 and "密码不对" in problems(page)[0] and rows.tokens() == []
    assert "wrong" not in page and 'value="县一体化平台"' in page
    status, page = sent(head, "/tokens/make", **TOKEN, again_password=PASSWORD)
    assert status == 200 and "县一体化平台" in page and len(rows.tokens()) == 1


def test_guesses_at_it_are_counted_as_those_to_sign_in(village: Counter) -> None:
    head = village.sign_in("0002", "head")
    assert [sent(head, "/lives/rekey", again_password="wrong")[0] for _ in range(6)][-1] == 429
    key = village.member.casebook.identity.key.public
    assert sent(head, "/lives/rekey", again_password=PASSWORD)[0] == 429
    assert village.member.casebook.identity.key.public == key
    assert [line.action for line in village.accounts.rows.audit_lines(10)].count("session.refuse") == 4


def test_a_machine_is_not_shut_out_from_a_screen_left_alone(network: Network, township: Counter) -> None:
    head = township.sign_in("0103", "head")
    machine = network.members[VILLAGE].identity.incarnation.hex()
    status, page = sent(head, "/revocations", machine=machine, reason="电脑被盗")
    assert status == 401 and "电脑被盗" in page
    assert sent(head, "/revocations/1/confirm")[0] == sent(head, "/newcomers/1/confirm")[0] == 401
    assert sent(township.sign_in("0102", "clerk"), "/revocations", reason="x")[0] == 404, "no hint to who may not"


def test_nobody_is_let_in_or_given_a_role_from_a_screen_left_alone(village: Counter) -> None:
    admin, rows = village.sign_in("0009", "admin"), village.accounts.rows
    village.sign_in("0001", "agent")
    before = rows.all_staff()
    new = {"staff_no": "0077", "name": "孙丽", "roles": "admin"}
    status, page = sent(admin, "/staff/invite", **new)
    assert status == 401 and "请再输入一次密码" in page
    for name, value in new.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert sent(admin, "/staff/0001/renew")[0] == 401
    assert sent(admin, "/staff/0001/change", name="王芳", roles="admin")[0] == 401
    assert sent(admin, "/staff/0001/disable", disabled="no")[0] == 401
    assert rows.all_staff() == before, "nothing was done"
    assert sent(admin, "/staff/invite", **new, again_password=PASSWORD)[0] == 200
    assert rows.staff("0077") is not None


def test_after_a_session_has_ended_one_password_does(network: Network, village: Counter) -> None:
    head = village.sign_in("0002", "head")
    network.clock.now_ms += 11 * 60_000
    again = {"again_staff_no": "0002", "again_password": PASSWORD}
    assert sent(head, "/tokens/make", **TOKEN)[0] == 401
    assert sent(head, "/tokens/make", **TOKEN, **again)[0] == 200
    assert len(village.accounts.tokens.rows.tokens()) == 1


def test_keys_and_the_roster_are_not_changed_from_a_screen_left_alone(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    member, above = network.members[VILLAGE], network.members[TOWNSHIP]
    member.casebook.update_peer(above.identity.incarnation, place=TOWNSHIP, direction="up", alarm=ANOTHER_NONCE)
    above.casebook.update_peer(member.identity.incarnation, place=VILLAGE, direction="down", alarm=ANOTHER_NONCE)
    head, incarnation = village.sign_in("0002", "head"), member.identity.incarnation
    status, page = sent(head, "/lives/retire")
    assert status == 401 and "停用不能撤回" in page and not member.casebook.retired
    status, page = sent(head, "/lives/retire", again_password="wrong")
    assert status == 401 and "停用不能撤回" in page and not member.casebook.retired
    assert sent(head, "/lives/go-on")[0] == sent(head, f"/lives/answer-for/{TOWNSHIP}")[0] == 401
    assert member.casebook.identity.incarnation == incarnation
    there = township.sign_in("0103", "head")
    for act in ("settle", "allow-lives"):
        assert sent(there, f"/children/{VILLAGE}/{act}")[0] == 401
    assert [row.alarm for row in above.casebook.peers() if row.place == VILLAGE] == [ANOTHER_NONCE]
    top = county.sign_in("0203", "head")
    for act in ("stand-in", "end-stand-in"):
        assert sent(top, f"/children/{TOWNSHIP}/{act}")[0] == 401
    assert not county.member.casebook.lost_places()
    assert sent(top, "/forks/" + "0" * 32 + "/about:1/1", reason="查明")[0] == 401
    assert sent(head, "/lives/retire", again_password=PASSWORD)[0] == 303 and member.casebook.retired


def test_no_list_of_people_leaves_from_a_screen_left_alone(village: Counter, network: Network) -> None:
    agent, head = village.sign_in("0001", "agent"), village.sign_in("0002", "head")
    agent.file(applicant_name="张秀兰")
    list_of_people = "/work.csv?view=all&item_no=001"
    asked = head.open(list_of_people)
    assert asked.status_code == 200 and "请再输入一次密码" in asked.text and "张" not in asked.text
    assert 'action="/work.csv?view=all&amp;item_no=001"' in asked.text, "what it was narrowed to stays"
    for typed in ({}, {"again_password": "wrong"}):
        status, page = sent(head, list_of_people, **typed)
        assert status == 401 and "请再输入一次密码" in page and "张*" not in page
    assert village.accounts.exports.rows.get(1) is None
    status, page = sent(head, list_of_people, again_password=PASSWORD)
    assert status == 200 and "张*" not in page and 'type="password"' not in page, "no password stands beside the file"
    coming = file_of(page)
    assert coming.startswith("/work.csv?view=all&item_no=001&leave=~")
    other = village.sign_in("0003", "head")
    elsewhere = coming.replace("001", "002")
    for visitor, address in (
        (other, coming),
        (head, elsewhere),
        (head, coming[:-2]),
        (head, f"{list_of_people}&leave="),
    ):
        answer = visitor.open(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, address.partition("&leave")[0])
    network.clock.now_ms += 60_000
    for at in ("GET /work.csv", "POST /second-factor/end", "/second-factor/end"):
        forged = head.send("/narrow/work", {"text": f"{network.clock.now_ms} {at}"}).headers["Location"]
        leave = forged.partition("text=")[2]
        assert leave.startswith(("~", "%7E"))
        assert head.open(f"/work.csv?leave={leave}").status_code == 303, "what was searched for lets nothing out"
        assert sent(head, f"/second-factor/end?leave={leave}")[0] == 401
    assert sent(head, coming)[0] == 401, "and what lets one file out gives no other leave"
    given = head.open(coming).text
    assert "张*" in given and "# 导出第 1 号" in given
    network.clock.now_ms += 1
    assert head.open(coming).status_code == 303, "a minute, and the password is asked for again"
    assert sent(agent, list_of_people, again_password=PASSWORD)[0] == 404, "no hint to who may not"
