"""Who was given a result and has not rated it is on a list, to be called back."""

from tests.builders import delegate_all
from tests.village_node.web.counter import Counter
from tests.village_node.web.errands import PAPERS, done


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
