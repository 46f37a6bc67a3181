"""The health page says which sealing keys are in use and which files of keys cannot be read, and what to do."""

from tests.builders import TOWNSHIP, Network
from tests.village_node.web.counter import Counter
from village_node.identity import OPENING, opening_file


def test_the_suite_in_use_is_shown_and_a_file_that_cannot_be_read_is_named(network: Network, township: Counter) -> None:
    book = network.members[TOWNSHIP].casebook
    clerk = township.sign_in("0102", "clerk")
    assert "还没有生成" in clerk.open("/health").text
    first = book.road_key()
    page = clerk.open("/health").text
    assert "s1<br>" in page and "读不出来" not in page
    assert book.lives is not None
    book.lives.suite = "s1q"
    book.road_key()
    data, _ = network.files_of(TOWNSHIP)
    (data / opening_file(first)).write_text("half of a k")
    (data / f"{OPENING}0000000000000000.key").write_bytes(b"\xff")
    page = clerk.open("/health").text
    assert "也防量子计算机" in page and "密钥文件读不出来" in page and "请从备份恢复这些文件" in page
    assert opening_file(first) in page and f"{OPENING}0000000000000000.key" in page
    assert opening_file(book.road_key()) not in page
