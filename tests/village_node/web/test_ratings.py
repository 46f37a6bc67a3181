"""Who was given a result and has not rated it is on a list, to be called back."""

from tests.builders import delegate_all
from tests.village_node.web.counter import Counter, form_of
from tests.village_node.web.errands import PAPERS, chosen, done, refused


def test_what_was_given_out_and_not_rated_is_listed_until_somebody_else_records_the_grade(county: Counter) -> None:
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    case = officer.file("016", **PAPERS)
    assert case not in officer.open("/work?view=unrated").text, "nothing was given out yet"
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "delivered", to="张秀兰", how="in_person")
    assert case in officer.open("/work?view=unrated").text
    other = county.sign_in("1002", "window", name="孙宁")
    done(other, case, "rating", grade="good", stage="1", channel="phone")
    assert case in other.open("/work?view=unrated").text, "acceptance was rated, the result was not"
    done(other, case, "rating", grade="poor", stage="2", text="跑了两趟", channel="phone")
    assert case not in other.open("/work?view=unrated").text


def test_staff_records_only_what_was_said_on_the_telephone_or_written(county: Counter) -> None:
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    case = officer.file("016", **PAPERS)
    done(officer, case, "docket")
    other = county.sign_in("1002", "window", name="孙宁")
    form = form_of(other.open(case).text, f"{case}/act/rating")
    assert chosen(other.open(case).text, "rating", "channel") == ["phone", "paper"]
    assert chosen(other.open(case).text, "rating", "stage") == ["1", "2"]
    assert "受理环节" in form and "办结环节" in form and "1 受理" not in form
    for channel in ("", "screen", "online"):
        refused(other, case, "rating", "请选“电话”或“纸质”", grade="very_good", stage="1", channel=channel)
    done(other, case, "rating", grade="very_good", stage="1", channel="paper")
    page = other.open(case).text
    assert "<dt>阶段</dt><dd>受理环节</dd>" in page and "1 受理" not in page
