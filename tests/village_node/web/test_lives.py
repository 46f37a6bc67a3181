"""Who this machine is, as people see it: at the child the choice, at the parent the alarm, on every page the words."""

import pytest

from sync_protocol import roster
from sync_protocol.errors import TooManyLives
from sync_protocol.exchange import ANOTHER_NONCE, OLDER_CHALLENGE, RESTORED
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, hidden_of
from village_node.casebook import Reason
from village_node.store import Connection, Overtaken

DAY_MS = 86_400_000


def ring(network: Network, alarm: int) -> None:
    """The township has heard the village's identity live twice, and told it so."""
    village, township = network.members[VILLAGE], network.members[TOWNSHIP]
    village.casebook.update_peer(township.identity.incarnation, place=TOWNSHIP, direction="up", alarm=alarm)
    township.casebook.update_peer(village.identity.incarnation, place=VILLAGE, direction="down", alarm=alarm)


def send(visitor: Visitor, action: str, page: str) -> None:
    """Press the button of a form on a page."""
    fields = hidden_of(visitor.open(page).get_data(as_text=True), action)
    assert visitor.send(action, fields).status_code == 303


@pytest.mark.parametrize("alarm", [ANOTHER_NONCE, OLDER_CHALLENGE])
def test_a_clone_alarm_gives_the_head_a_choice_and_everybody_the_words(
    network: Network, village: Counter, agent: Visitor, alarm: int
) -> None:
    ring(network, alarm)
    assert "另有一台机器在用本机的身份" in agent.open("/work").get_data(as_text=True)
    page = agent.open("/health").get_data(as_text=True)
    assert "/lives/go-on" not in page and "由负责人或管理员选择" in page
    head = village.sign_in("0002", "head")
    before = network.members[VILLAGE].casebook.identity.incarnation
    send(head, "/lives/go-on", "/health")
    casebook = network.members[VILLAGE].casebook
    assert casebook.identity.incarnation != before
    assert [each.reason for each in casebook.identity.former] == [Reason.OPERATOR]
    page = head.open("/health").get_data(as_text=True)
    assert "等待上级确认" in page and "值班人员选择由本机继续" in page and "/lives/go-on" not in page
    actions = [line.action for line in village.accounts.rows.audit_lines(20)]
    assert "node.go_on" in actions


def test_a_machine_that_another_one_has_succeeded_gives_the_head_the_choice(network: Network, village: Counter) -> None:
    """The roster names a newer life of this place that is not this machine's: nothing but that is known here."""
    casebook, above = network.members[VILLAGE].casebook, network.identities[TOWNSHIP]
    name = casebook.roster.places.name(VILLAGE)
    asked = roster.read_request(roster.enrol_request(network.key(), VILLAGE, "village", name, b"n" * 16))
    ops = roster.admit_request(casebook.roster, asked, TOWNSHIP)
    casebook.apply_roster([roster.publish(casebook.roster, TOWNSHIP, ops, [above.key], 0)])
    head = village.sign_in("0002", "head")
    page = head.open("/health").get_data(as_text=True)
    assert "启用了比本机更新的编号" in page and "/lives/retire" in page
    send(head, "/lives/go-on", "/health")
    assert [each.reason for each in casebook.identity.former] == [Reason.OPERATOR]
    page = head.open("/health").get_data(as_text=True)
    assert "启用了比本机更新的编号" not in page and "等待上级确认" in page


def test_a_retired_machine_says_so_and_files_nothing(network: Network, village: Counter) -> None:
    ring(network, ANOTHER_NONCE)
    head = village.sign_in("0002", "head")
    send(head, "/lives/retire", "/health")
    assert network.members[VILLAGE].casebook.retired
    page = head.open("/health").get_data(as_text=True)
    assert "本机已停用" in page and "/lives/" not in page


def test_the_choice_stands_only_under_an_alarm(network: Network, village: Counter) -> None:
    ring(network, ANOTHER_NONCE)
    head = village.sign_in("0002", "head")
    fields = hidden_of(head.open("/health").get_data(as_text=True), "/lives/retire")
    ring(network, 0)
    head.send("/lives/retire", fields)
    head.send("/lives/go-on", fields)
    casebook = network.members[VILLAGE].casebook
    assert not casebook.retired and not casebook.identity.former


def test_the_parent_shows_the_alarm_until_it_is_settled(network: Network, township: Counter) -> None:
    ring(network, ANOTHER_NONCE)
    clerk = township.sign_in("0003", "clerk")
    assert "可能被复制" in clerk.open("/work").get_data(as_text=True)
    page = clerk.open("/children").get_data(as_text=True)
    assert "可能是复制的机器" in page and "已查清" not in page
    head = township.sign_in("0004", "head")
    send(head, f"/children/{VILLAGE}/settle", "/children")
    assert "可能是复制的机器" not in head.open("/children").get_data(as_text=True)
    assert "可能被复制" not in head.open("/work").get_data(as_text=True)


def test_a_child_that_was_restored_is_told_from_one_that_was_copied(network: Network, township: Counter) -> None:
    ring(network, RESTORED)
    clerk = township.sign_in("0003", "clerk")
    page = clerk.open("/children").get_data(as_text=True)
    assert "恢复过，已换新编号" in page and "可能是复制的机器" not in page
    assert "可能被复制" not in clerk.open("/work").get_data(as_text=True)


def test_only_the_alarm_of_a_place_below_can_be_settled(network: Network, township: Counter) -> None:
    ring(network, ANOTHER_NONCE)
    head = township.sign_in("0004", "head")
    fields = hidden_of(head.open("/children").get_data(as_text=True), f"/children/{VILLAGE}/settle")
    assert head.send("/children/nowhere/settle", fields).status_code == 404
    assert "children.settle_alarm" not in [line.action for line in township.accounts.rows.audit_lines(20)]


def test_a_child_of_several_lives_stands_once_on_the_health_page(network: Network, township: Counter) -> None:
    ring(network, RESTORED)
    casebook = network.members[TOWNSHIP].casebook
    casebook.update_peer(b"n" * 16, place=VILLAGE, direction="down", last_contact_ms=network.clock.now_ms)
    page = township.sign_in("0003", "clerk").open("/health").get_data(as_text=True)
    below = page.partition('id="down"')[2].partition("</section>")[0]
    assert below.count("<dt>") == 1 and "恢复过" in below and "不到 1 分钟前" in below
    casebook.update_peer(b"m" * 16, place=VILLAGE, direction="down", alarm=ANOTHER_NONCE)
    page = township.sign_in("0005", "clerk").open("/health").get_data(as_text=True)
    assert "警报" in page.partition('id="down"')[2].partition("</section>")[0]


def test_who_a_restored_machine_waits_for_is_named_and_a_head_may_answer_for_them(
    network: Network, township: Counter
) -> None:
    casebook = network.members[TOWNSHIP].casebook
    casebook.begin_again(Reason.AHEAD)
    clerk = township.sign_in("0003", "clerk")
    page = clerk.open("/health").get_data(as_text=True)
    assert "还在等下级或上级" in page and "上关村" in page and "/lives/answer-for" not in page
    head = township.sign_in("0004", "head")
    fields = hidden_of(head.open("/health").get_data(as_text=True), f"/lives/answer-for/{VILLAGE}")
    send(head, f"/lives/answer-for/{VILLAGE}", "/health")
    assert casebook.waits_for() == [COUNTY]
    assert f"/lives/answer-for/{VILLAGE}" not in head.open("/health").get_data(as_text=True)
    assert head.send(f"/lives/answer-for/{VILLAGE}", fields).status_code == 404, "nobody waits for it"
    told = [(line.action, line.subject) for line in township.accounts.rows.audit_lines(20)]
    assert ("node.answer_for", VILLAGE) in told


def test_an_answer_that_was_given_for_another_life_is_not_taken_in_silence(
    network: Network, township: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several workers share a database, one may not have heard yet of the life that another has begun."""
    casebook = network.members[TOWNSHIP].casebook
    casebook.begin_again(Reason.AHEAD)
    head = township.sign_in("0004", "head")
    assert "您的选择没有记下" not in head.open("/health").text

    def overtaken(_connection: Connection) -> None:
        raise Overtaken("another worker has begun a new life")

    monkeypatch.setattr(casebook, "hold_life", overtaken)
    answer = head.send(f"/lives/answer-for/{VILLAGE}", {})
    assert answer.status_code == 303
    assert "您的选择没有记下" in head.open(answer.headers["Location"]).text
    assert VILLAGE in casebook.waits_for()


def test_the_county_s_head_says_that_a_township_s_machine_is_gone_and_takes_it_back(
    network: Network, county: Counter, township: Counter
) -> None:
    casebook, address = county.member.casebook, f"/children/{TOWNSHIP}/stand-in"
    head = county.sign_in("0004", "head")
    long_ago = network.clock.now_ms - 2 * 86_400_000
    casebook.update_peer(b"t" * 16, place=TOWNSHIP, direction="down", last_contact_ms=network.clock.now_ms)
    assert "代为确认" not in head.open("/children").text, "it is heard"
    casebook.update_peer(b"t" * 16, last_contact_ms=long_ago)
    assert "代为确认" not in county.sign_in("0003", "window").open("/children").text, "the head decides"
    send(head, address, "/children")
    assert list(casebook.lost_places()) == [TOWNSHIP]
    page = head.open("/children").text
    assert "机器已不能用，由本单位代为确认其下级的新编号" in page
    send(head, f"/children/{TOWNSHIP}/end-stand-in", "/children")
    assert casebook.lost_places() == {}
    assert head.send(f"/children/{VILLAGE}/stand-in", {}).status_code == 404
    assert "代为确认" not in township.sign_in("0004", "head").open("/children").text, "only the county stands in"
    told = [line.action for line in county.accounts.rows.audit_lines(20)]
    assert "children.stand_in" in told and "children.end_stand_in" in told


def test_a_head_allows_a_child_more_lives_and_the_child_is_told_why_it_waits(
    network: Network, township: Counter, village: Counter
) -> None:
    casebook, child = network.members[TOWNSHIP].casebook, network.members[VILLAGE].casebook
    casebook.note_refused_life(VILLAGE, refused=True)
    child.begin_again(Reason.OPERATOR)
    child.note_renewal_refused(TooManyLives.code)
    page = village.sign_in("0002", "head").open("/health").get_data(as_text=True)
    assert "新编号过多" in page
    assert "allow-lives" not in township.sign_in("0003", "clerk").open("/children").get_data(as_text=True)
    head = township.sign_in("0004", "head")
    fields = hidden_of(head.open("/children").get_data(as_text=True), f"/children/{VILLAGE}/allow-lives")
    send(head, f"/children/{VILLAGE}/allow-lives", "/children")
    assert "新编号过多" not in head.open("/children").get_data(as_text=True)
    assert head.send(f"/children/{VILLAGE}/allow-lives", fields).status_code == 404


def test_the_head_changes_the_signing_key_and_an_old_one_is_named_in_plain_words(
    network: Network, village: Counter, agent: Visitor
) -> None:
    assert "/lives/rekey" not in agent.open("/health").get_data(as_text=True)
    head = village.sign_in("0002", "head")
    page = head.open("/health").get_data(as_text=True)
    assert "起使用" in page and "该换了" not in page
    network.clock.now_ms += 731 * DAY_MS
    head = village.sign_in("0003", "head")
    page = head.open("/health").get_data(as_text=True)
    assert "该换了；收件办事和同步照常" in page
    casebook = network.members[VILLAGE].casebook
    before = casebook.identity.key.public
    send(head, "/lives/rekey", "/health")
    assert casebook.identity.key.public != before and village.exchanges == ["now", "now"]
    assert [each.reason for each in casebook.identity.former] == [Reason.REKEY]
    line = next(line for line in village.accounts.rows.audit_lines(20) if line.action == "node.rekey")
    assert line.actor == "0003"
    page = head.open("/health").get_data(as_text=True)
    assert "等待上级确认" in page and "更换了签名密钥" in page and "该换了" not in page
    refused = head.send("/lives/rekey", {})
    assert refused.status_code == 409 and "上级还没有确认本机现在的编号" in refused.text
