"""CASE.md says what the code does: its tables are the code's own."""

import re

import pytest

from sync_protocol.case import numbers
from tests.sync_protocol.case import documented
from tests.sync_protocol.case.documented import BLOCKS

TEXT = documented.PATH.read_text("utf-8")


@pytest.mark.parametrize("name", BLOCKS)
def test_a_table_in_the_text_is_the_codes_own(name: str) -> None:
    assert documented.written_in(TEXT, name).strip() == BLOCKS[name]().strip(), (
        "run: python -m tests.sync_protocol.case.documented"
    )


def test_the_numbers_given_as_examples_are_right() -> None:
    pairs = re.findall(r"^    ([0-9A-Z]+) +-> +([0-9A-Z])$", TEXT, re.MULTILINE)
    assert len(pairs) >= 5
    for text, check in pairs:
        assert numbers.check_character(text) == check
    receipts = re.findall(r"`([0-9A-Z]{12}(?:-1)?-\d{6}-[0-9A-Z]{4}-\d+-[0-9A-Z])`", TEXT)
    assert receipts
    for receipt in receipts:
        numbers.parse_case_number(receipt)
    codes = re.findall(r"^    (0x[0-9A-F]+) +-> +([0-9A-Z]{13})$", TEXT, re.MULTILINE)
    assert codes
    for bits, code in codes:
        assert numbers.make_query_code(int(bits, 16)) == code
    made = re.findall(r"^    (\S+) (\S+) (\d{4}) (\S+) ([0-9a-f]{6}) (\d+)  ->  (\S+)$", TEXT, re.MULTILINE)
    assert len(made) >= 3
    for department, mark, year, place, life, counter, number in made:
        incarnation = bytes.fromhex(life) + bytes(13)
        assert numbers.make_document_number(department, mark, int(year), place, incarnation, int(counter)) == number
    shape = r"^    (\d\d), incarnation (f+)…, seq (\d+), mark ([0-9a-f]{16})  ->  (\S+)$"
    tokens = re.findall(shape, TEXT, re.MULTILINE)
    assert tokens
    for code, life, seq, mark, token in tokens:
        incarnation = bytes.fromhex(life) + bytes(16 - len(life) // 2)
        assert numbers.make_check_token(code, incarnation, int(seq), bytes.fromhex(mark)) == token
