"""Breaks of the fold, each a change of one rule in the real code, and the property that must find it."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from sync_protocol.case import adoption, baton, case, forks, kinds, tree
from sync_protocol.case.content import read_body
from sync_protocol.case.events import Verdict


class Break(NamedTuple):
    """``plant`` puts the break into the running code; ``property`` is the name of the function that must fail."""

    name: str
    property: str
    plant: Callable[[pytest.MonkeyPatch], None]


def choice_by_arrival(patch: pytest.MonkeyPatch) -> None:
    """Twins of one incarnation are told apart by who came first instead of by hash."""
    patch.setattr(tree, "_hash_of", lambda event: (b"", b""))


def notes_by_arrival(patch: pytest.MonkeyPatch) -> None:
    """Side events are listed as they came."""
    patch.setattr(case, "_display_order", lambda event: 0)


def township_counts_as_county(patch: pytest.MonkeyPatch) -> None:
    """In the choice a branch the township built on is as good as one the county built on."""
    real = tree.Tree._best_ranks
    patch.setattr(tree.Tree, "_best_ranks", lambda self: [max(rank, 1) for rank in real(self)])


def frozen_is_void_for_good(patch: pytest.MonkeyPatch) -> None:
    """An event of a frozen incarnation never counts, though a superior has built on it."""
    real = tree.Tree._judge

    def judge(self, event, flow, parent):
        return real(self, event, flow, parent) if event.entitled else (Verdict("void", "not_entitled"), None, None)

    patch.setattr(tree.Tree, "_judge", judge)


def older_incarnation_wins(patch: pytest.MonkeyPatch) -> None:
    """Among branches the older incarnation's wins, whoever built on the other."""
    patch.setattr(tree.Tree, "_best_ranks", lambda self: [0] * len(self._events))


def missing_is_void(patch: pytest.MonkeyPatch) -> None:
    """An event whose predecessor is not here is judged at once."""
    patch.setattr(tree.Tree, "_astray", lambda self, children: [
        (event, Verdict("void", "not_holder"))
        for after, events in children.items() if after not in self.stage for event in events
    ])  # fmt: skip


def bodies_are_not_waited_for(patch: pytest.MonkeyPatch) -> None:
    """An event whose body has yet to come counts by its kind alone."""
    patch.setattr(tree, "is_missing", lambda event: False)


def an_assignment_weighs_what_its_receiver_does(patch: pytest.MonkeyPatch) -> None:
    """In the choice a case taken out of a place's hands counts as if the place it went to had written that."""
    real = tree.Tree._best_ranks

    def best_ranks(self):
        events = self._events
        self._events = [replace(e, place=read_body(e)[0]) if e.kind == kinds.FORCE_ASSIGN else e for e in events]
        try:
            return real(self)
        finally:
            self._events = events

    patch.setattr(tree.Tree, "_best_ranks", best_ranks)


def what_the_frozen_wrote_is_not_adopted(patch: pytest.MonkeyPatch) -> None:
    """An adoption is void where it names an event whose author is not entitled, or has been found out since."""
    real = adoption._not_yet_done

    def not_yet_done(parent, named, judged, done):
        found = real(parent, named, judged, done) or []
        sound = all(judged.events[judged.places[each]].entitled for each in found if each in judged.places)
        return found if found and sound else None

    patch.setattr(adoption, "_not_yet_done", not_yet_done)


def what_is_adopted_must_be_here(patch: pytest.MonkeyPatch) -> None:
    """An adoption of what is not here yet is void at once."""
    patch.setattr(adoption, "_wait_for", lambda position: adoption.VOID)


def half_of_a_branch_is_adopted(patch: pytest.MonkeyPatch) -> None:
    """Of what an adoption names, whatever the workflow allows is done, and the rest is passed over."""
    real = baton.do_again
    patch.setattr(baton, "do_again", lambda *asked: real(*asked) or True)


def anybody_on_the_path_assigns(patch: pytest.MonkeyPatch) -> None:
    """A place need not be above the holder to take the case out of its hands."""
    patch.setattr(baton, "is_above", lambda place, flow, path: place in path.ranks)


def any_case_is_ours(patch: pytest.MonkeyPatch) -> None:
    """The fold takes what it is given, whatever case or scope it names."""
    patch.setattr(case, "is_of", lambda event, scope_place, case_id: True)


def scope_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    """The case id alone says whose an event is."""
    patch.setattr(case, "is_of", lambda event, scope_place, case_id: event.case_id in (b"", case_id))


def first_ruling_wins(patch: pytest.MonkeyPatch) -> None:
    """Of several rulings about one fork the one that arrived first is in force."""
    patch.setattr(forks, "_order", lambda ruling, places: 0)


BREAKS = (
    Break("first ruling wins", "order_free", first_ruling_wins),
    Break("choice by arrival", "order_free", choice_by_arrival),
    Break("notes by arrival", "order_free", notes_by_arrival),
    Break("township counts as county", "county_acts_stay", township_counts_as_county),
    Break("older incarnation wins", "county_acts_stay", older_incarnation_wins),
    Break("frozen is void for good", "county_acts_stay", frozen_is_void_for_good),
    Break("missing is void", "loss_heals", missing_is_void),
    Break("bodies are not waited for", "loss_heals", bodies_are_not_waited_for),
    Break(
        "an assignment weighs what its receiver does", "county_acts_stay", an_assignment_weighs_what_its_receiver_does
    ),
    Break("what the frozen wrote is not adopted", "county_acts_stay", what_the_frozen_wrote_is_not_adopted),
    Break("what is adopted must be here", "loss_heals", what_is_adopted_must_be_here),
    Break("half of a branch is adopted", "agrees_with_the_text", half_of_a_branch_is_adopted),
    Break("anybody on the path assigns", "agrees_with_the_text", anybody_on_the_path_assigns),
    Break("any case is ours", "other_cases_untouched", any_case_is_ours),
    Break("scope is not compared", "other_cases_untouched", scope_is_not_compared),
)
