from pathlib import Path
import pytest
from tests.browser.conftest import DESK, PHONE, Hall
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

def test_shots(hall: Hall) -> None:
    village = hall.counters[VILLAGE]
    village.sign_in("0009", "admin"); village.sign_in("0001", "agent", name="李明"); village.sign_in("0003", "agent", name="赵强")
    book = hall.network.members[TOWNSHIP].casebook
    book.order_account("0101", VILLAGE, "0001", "disable", "已调离本村，密码仍有人使用")
    hall.exchange(); hall.exchange()
    village.accounts.disable("0003", True, by="0009")
    hall.network.members[VILLAGE].file()
    ref = village.member.casebook.file("0003", {"agent"}, {"item_no": "001", "applicant_name": "张秀兰", "applicant_id_kind": "resident_id", "applicant_id_no": "622825196505060042"})  if False else None
    village.member.casebook.say_audit_head()
    hall.exchange(); hall.exchange()
    book.order_account("0101", VILLAGE, "0077", "disable", "冒用")
    head = hall.staff(TOWNSHIP, "0101", "head", "admin", name="孙镇长")
    head.goto(f"/children/{VILLAGE}/accounts"); head.screenshot(path="/dev/shm/acc_page.png", full_page=True)
    head.goto("/children"); head.screenshot(path="/dev/shm/acc_children.png", full_page=True)
    head.goto("/oddities"); head.screenshot(path="/dev/shm/acc_odd.png", full_page=True)
    hall.exchange()
    admin = hall.staff(VILLAGE, "0010", "admin", name="周敏")
    admin.goto("/staff"); admin.screenshot(path="/dev/shm/acc_staff.png", full_page=True)
    ph = hall.staff(TOWNSHIP, "0102", "head", name="孙镇长", viewport=PHONE)
    ph.goto(f"/children/{VILLAGE}/accounts"); ph.screenshot(path="/dev/shm/acc_phone.png", full_page=True)
    print(ph.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]"))
