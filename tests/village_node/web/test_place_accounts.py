"""The accounts of a place below on the pages of those above: what it said, orders, their lifting, and what is late."""

from sync_protocol.case import accounts, kinds
from sync_protocol.places import about
from tests import builders
from tests.builders import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, exchange
from tests.village_node.web.test_vouching import sent

PAGE = f"/children/{VILLAGE}/accounts"


def ordered(visitor: Visitor, what: str = "disable", account: str = "0001", reason: str = "已调离") -> tuple[int, str]:
    """Send the form, with the password where that is asked for."""
    return sent(visitor, PAGE, again_password=PASSWORD, what=what, account=account, reason=reason)


def test_an_order_is_given_shown_obeyed_and_lifted(
    network: builders.Network, village: Counter, township: Counter, county: Counter
) -> None:
    head, agent = township.sign_in("0101", "head"), village.sign_in("0001", "agent")
    own_head = village.sign_in("0008", "head", "admin")
    page = head.open(PAGE).text
    assert "该单位没有停用过账号" in page and "还没有报告过" in page
    status, page = ordered(head)
    assert status == 303 or "已下达停用命令" in page
    page = head.open(PAGE).text
    assert "尚未收到该单位的执行报告" in page and "已调离" in page and "该单位未报告" in page
    assert agent.open("/work").status_code == 200
    exchange(network)
    assert agent.open("/work").status_code != 200, "signed out at once"
    page = own_head.open("/staff").text
    assert "停用：上级命令" in page and "已调离" in page and "驿马镇 0101" in page
    refused = own_head.send("/staff/0001/disable", {"token": own_head.token(), "disabled": "no"})
    assert refused.status_code in (401, 422)
    village.member.casebook.say_audit_head()
    exchange(network)
    page = head.open(PAGE).text
    newest = village.member.casebook.signed_audit_head()
    assert newest is not None
    assert "依上级命令" in page and "尚未收到" not in page and f"{newest.n}:{newest.hash.hex()}" in page
    assert f"审计记录 {newest.n} 行" in head.open("/children").text and f'href="{PAGE}"' in head.open("/children").text
    above = county.sign_in("0201", "head")
    page = above.open(PAGE).text
    assert "依上级命令" in page and f'href="{PAGE}"' in above.open(f"/children/{TOWNSHIP}/accounts").text
    assert ordered(head, "lift", reason="")[0] == 422 and "依上级命令" in page
    ordered(head, "lift", reason="查明是同名")
    exchange(network)
    exchange(network)
    assert "停用：上级命令" not in own_head.open("/staff").text
    assert "已启用" in head.open(PAGE).text


def test_what_was_typed_stays_and_the_field_is_named(township: Counter) -> None:
    head = township.sign_in("0101", "head")
    status, page = ordered(head, account="", reason="借用期满")
    assert status == 422 and "请填写工号" in page and "借用期满" in page
    status, page = ordered(head, account="00 01")
    assert status == 422 and "中间没有空格" in page and 'value="00 01"' in page, "no number of anybody"
    ordered(head)
    status, page = ordered(head, account=" 0001\u3000")
    assert status == 409 and "已经命令停用" in page, "the same number, as everywhere else it is typed"
    ordered(head, account="Zoe\u0308")
    assert "Zo\u00eb" in head.open(PAGE).text


def test_an_order_is_lifted_under_whatever_number_it_was_given(township: Counter) -> None:
    head, book = township.sign_in("0101", "head"), township.member.casebook
    raw = accounts.to_bytes(kinds.ACCOUNT_ORDER, {"account": "Zoe\u0308", "what": "disable", "reason": "已调离"})
    with book.store.writing() as connection:
        book.write_record(connection, about(VILLAGE), kinds.ACCOUNT_ORDER, "0101", raw)
    assert [each.account for each in book.accounts_of(VILLAGE) if each.orders] == ["Zoe\u0308"]
    ordered(head, account="Zo\u00eb", reason="另一个")
    for _ in range(2):
        ordered(head, "lift", account="Zoe\u0308", reason="查明是同名")
    assert not [each.account for each in book.accounts_of(VILLAGE) if each.orders]
    with book.store.writing() as connection:
        book.write_record(connection, about(VILLAGE), kinds.ACCOUNT_ORDER, "0101", raw)
    ordered(head, "lift", account=" Zo\u00eb ", reason="查明是同名")
    assert not [each.account for each in book.accounts_of(VILLAGE) if each.orders], "as a form may have composed it"


def test_only_a_head_or_an_administrator_orders_and_only_of_places_below(township: Counter) -> None:
    clerk, head = township.sign_in("0102", "clerk"), township.sign_in("0101", "head")
    assert clerk.open(PAGE).status_code == 404 and f'href="{PAGE}"' not in clerk.open("/children").text
    for place in (TOWNSHIP, COUNTY, OTHER_VILLAGE, "x"):
        assert head.open(f"/children/{place}/accounts").status_code == 404
    assert sent(head, PAGE, again_password=PASSWORD, what="nothing", account="1", reason="1")[0] == 404
    assert sent(head, PAGE, what="disable", account="0001", reason="1")[0] == 401, "with the password once more"


def test_an_order_about_nobody_is_shown_where_staff_are_invited(
    network: builders.Network, village: Counter, township: Counter
) -> None:
    ordered(township.sign_in("0101", "head"), account="0077")
    exchange(network)
    admin = village.sign_in("0009", "admin")
    assert "上级命令停用、本机没有的工号" in admin.open("/staff").text and "0077" in admin.open("/staff").text


def test_what_is_signed_after_a_disabling_is_told_in_plain_words(
    network: builders.Network, village: Counter, township: Counter
) -> None:
    village.sign_in("0008", "admin")
    village.sign_in("0001", "agent")
    exchange(network)
    clerk = township.sign_in("0102", "clerk")
    assert "/late-acts" not in clerk.open("/oddities").text
    village.accounts.disable("0001", True, by="0008")
    ref = village.member.file()
    exchange(network)
    assert '<a href="/late-acts">' in clerk.open("/oddities").text
    page = clerk.open("/late-acts").text
    assert ref.case_no in page and "照常有效" in page and "导出" not in page
    assert f'<option value="{VILLAGE}">' in page and "共 2 条" in page
    for query, count in (("text=0001", 2), ("text=0002", 0), (f"place={VILLAGE}", 2), ("place=x", 2), ("page=9", 2)):
        assert clerk.open(f"/late-acts?{query}").text.count(ref.case_no) == count, query
    assert "没有符合条件的" in clerk.open("/late-acts?text=0002").text
    rows = township.sign_in("0103", "head").open("/late-acts.csv?text=0001").data.decode("utf-8-sig").splitlines()
    assert len(rows) == 4 and rows[1].startswith(f"{VILLAGE},上关村,0001,") and ref.case_no in rows[1]
    own = village.sign_in("0002", "head")
    assert "/late-acts" not in own.open("/oddities").text and "没有这样的记录" in own.open("/late-acts").text


def test_a_place_says_that_it_shuts_the_account_as_well_and_that_outlives_the_order(
    network: builders.Network, village: Counter, township: Counter
) -> None:
    head = township.sign_in("0101", "head")
    village.sign_in("0001", "agent")
    own_head = village.sign_in("0008", "head", "admin")
    ordered(head)
    exchange(network)
    button = 'name="disabled" value="yes">本单位也停用'
    assert button in own_head.open("/staff").text
    assert own_head.send("/staff/0001/disable", {"disabled": "yes"}).status_code == 303
    page = own_head.open("/staff").text
    assert button not in page and "本单位也停用" in page
    ordered(head, "lift", reason="查明是同名")
    exchange(network)
    row = village.accounts.rows.staff("0001")
    assert row is not None and row.disabled and "已停用" in own_head.open("/staff").text
