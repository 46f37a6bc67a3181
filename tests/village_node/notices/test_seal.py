"""The picture of a seal is whole, and nobody can take it for one."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from village_node.notices import seal

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", ["庆城县民政局", "庆", "", "庆城县驿马镇上关村村民委员会", "长" * 60, '<a&"b>'])
@pytest.mark.parametrize("kind", seal.KINDS)
def test_a_seal_shows_every_letter_and_always_that_it_is_a_sample(name: str, kind: str) -> None:
    drawn = ElementTree.fromstring(seal.drawn(name, kind))
    texts = [each.text for each in drawn.iter(f"{SVG}text")]
    assert "".join(text or "" for text in texts) == name + seal.KINDS[kind] + "样章"


def test_letters_of_a_long_name_do_not_run_into_each_other() -> None:
    for count in (2, 6, 14, 24):
        drawn = ElementTree.fromstring(seal.drawn("长" * count, "decision"))
        letters = [each for each in drawn.iter(f"{SVG}text") if each.get("transform")]
        size = float(letters[0].get("font-size", "0"))
        at = [tuple(map(float, each.get("transform", "").split("(")[1].split(")")[0].split())) for each in letters]
        for (x1, y1), (x2, y2) in pairwise(at):
            assert ((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5 > size * 0.8
