"""What is done to a node beside its daily work while its disk is recorded: bodies are dropped, it is restored from an
older copy, a case is taken over.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sync_protocol.case import kinds
from sync_protocol.event import mark
from tests import closing, network
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member
from tests.closing import checkpoint_day
from tests.crash.stage import Stage, accounts_of, applicant, listen, set_up, spoken, wired
from village_node.casebook import CaseRef, PurgeJob
from village_node.rebirth import Reason
from village_node.store import purges

TERM_DAYS: Final = 30
# What a township does with a case until the county has it.
ON_TO_THE_COUNTY: Final[tuple[tuple[int, dict[str, str]], ...]] = (
    (kinds.ACCEPT, {}),
    (kinds.DOCKET, {}),
    (kinds.REVIEW, {"opinion": "agree", "text": "属实"}),
    (kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"}),
)


def purge(stage: Stage) -> None:
    """A village drops the bodies of closed cases, which the county has signed for and put into a checkpoint, and
    fetches those of one of them again."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY)
    net = spoken(stage, keys, VILLAGE)
    net.settle()
    village = net[VILLAGE].member
    refs = [village.file(**applicant(number)) for number in range(3)]
    for ref in refs[:2]:
        closing.close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=TERM_DAYS)
    staff = accounts_of(village, keys)
    stage.settled()
    for ref in refs:
        stage.tell_case(village, ref)

    def told(run: dict[str, object]) -> None:
        for ref in refs:
            tell_purged(stage, village, ref)
        stage.tell_audit(staff.audit("node", "purge.run", "bodies", run))

    PurgeJob(village.casebook, TERM_DAYS, net.monotonic, told).tick()
    village.casebook.recall("0001", refs[0].scope, refs[0].case_id)
    net.settle()
    tell_purged(stage, village, refs[0])
    stage.tell_case(village, village.file(**applicant(9)))


def tell_purged(stage: Stage, member: Member, ref: CaseRef) -> None:
    """The page of a case says how many of its bodies are not here any more."""
    with member.store.reading() as connection:
        gone = purges.purged_bodies(connection, (ref.scope, ref.case_id))
    stage.tell("purged", f"{ref.scope} {ref.case_id.hex()}", gone=gone)


def restored_village(stage: Stage) -> None:
    """A village starts on an older copy of its database: a new life, its early records back from above, what was never
    sent written again."""
    keys = set_up(stage, VILLAGE, TOWNSHIP, COUNTY, one_life=False)
    net = wired(keys)
    net.settle()
    refs = [net[VILLAGE].member.file(**applicant(number)) for number in range(2)]
    net.settle()
    refs.append(net[VILLAGE].member.file(**applicant(2)))  # in the copy, and sent only after it was taken
    copy = copy_of_database(stage, net, VILLAGE)
    refs += [net[VILLAGE].member.file(**applicant(number)) for number in (3, 4)]
    net.settle()
    tell_branch(stage, net[TOWNSHIP].member, net[VILLAGE].member)
    put_back(stage, net, VILLAGE, copy)
    stage.settled()
    village = net.start(VILLAGE)
    stage.tell_life(village.member)
    listen(stage, net, VILLAGE)
    refs.append(village.member.file(**applicant(5)))
    stage.tell_case(village.member, refs[-1])
    go_on(stage, net, VILLAGE, refs)
    stage.tell_case(village.member, village.member.file(**applicant(6)))


def restored_township(stage: Stage) -> None:
    """A township starts on an older copy of its database: a new life, and its children give back what it lost."""
    keys = set_up(stage, TOWNSHIP, COUNTY, VILLAGE, SECOND_VILLAGE, one_life=False)
    net = wired(keys)
    net.settle()
    refs = [net[code].member.file(**applicant(1)) for code in (VILLAGE, SECOND_VILLAGE)]
    net.settle()
    copy = copy_of_database(stage, net, TOWNSHIP)
    refs += [net[code].member.file(**applicant(2)) for code in (VILLAGE, SECOND_VILLAGE)]
    net[VILLAGE].member.act(refs[0], kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.settle()
    net[TOWNSHIP].member.act(refs[0], kinds.ACCEPT)
    net.settle()
    tell_branch(stage, net[COUNTY].member, net[TOWNSHIP].member)
    put_back(stage, net, TOWNSHIP, copy)
    stage.settled()
    stage.tell_life(net.start(TOWNSHIP).member)
    listen(stage, net, TOWNSHIP)
    go_on(stage, net, TOWNSHIP, refs)
    net[TOWNSHIP].member.act(refs[0], kinds.NOTE, {"text": "恢复以后"})
    stage.tell_case(net[TOWNSHIP].member, refs[0])
    net.sync()


def restored_county(stage: Stage) -> None:
    """A county starts on an older copy of its database: a new life, for which nobody above can vouch; its townships
    give back what it lost, its own decision and the roster among it."""
    keys = set_up(stage, COUNTY, TOWNSHIP, VILLAGE, one_life=False)
    net = wired(keys)
    net.settle()
    refs = [net[VILLAGE].member.file(**applicant(number)) for number in range(2)]
    for ref in refs:
        net[VILLAGE].member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.settle()
    for ref in refs:
        for kind, body in ON_TO_THE_COUNTY:
            net[TOWNSHIP].member.act(ref, kind, body)
    net.settle()
    copy = copy_of_database(stage, net, COUNTY)
    for ref in refs:
        net[COUNTY].member.act(ref, kinds.ACCEPT)
    net[COUNTY].member.act(refs[0], kinds.DECIDE, {"outcome": "approve", "reasons": "经审查"})
    net.settle()
    refs.append(net[VILLAGE].member.file(**applicant(2)))
    net.settle()
    tell_branch(stage, net[TOWNSHIP].member, net[COUNTY].member)
    put_back(stage, net, COUNTY, copy)
    stage.settled()
    # It lets its new life into the roster itself, where a cut may cost another life: see `roster_change`.
    stage.tell_life(net.start(COUNTY).member, but_for=Reason.AHEAD.value)
    listen(stage, net, COUNTY)
    go_on(stage, net, COUNTY, refs)
    net[COUNTY].member.act(refs[1], kinds.DECIDE, {"outcome": "refuse", "reasons": "经审查"})
    stage.tell_case(net[COUNTY].member, refs[1])
    net.sync()


def copy_of_database(stage: Stage, net: network.Network, code: str) -> Path:
    """A backup of a node's database, taken while it stands still."""
    net[code].member.store.close()
    copy = stage.beside / "backup.db"
    shutil.copy(stage.data / "node.db", copy)
    net.start(code)
    return copy


def put_back(stage: Stage, net: network.Network, code: str, copy: Path) -> None:
    """Put the backup in the place of a node's database; what stands beside the database is as it was."""
    net[code].downlink.close()
    net[code].member.store.close()
    shutil.copy(copy, stage.data / "node.db")
    net.built.lives += 1


def tell_branch(stage: Stage, holder: Member, author: Member) -> None:
    """Others hold what this node has written in its present life."""
    me = author.casebook.identity
    for point in holder.casebook.shared_points(me.place):
        if point.incarnation == me.incarnation:
            hashes = ((seq, holder.casebook.hash_at(me.incarnation, point.scope, seq)) for seq in _upto(point.seq))
            marks = {str(seq): mark(each).hex() for seq, each in hashes if each is not None}
            stage.tell("branch", f"{me.incarnation.hex()} {point.scope}", marks=marks)


def _upto(seq: int) -> Iterable[int]:
    return range(1, seq + 1)


def go_on(stage: Stage, net: network.Network, code: str, refs: Iterable[CaseRef]) -> None:
    """Exchange until all is equal; then every case is here again."""
    net.settle()
    assert not net[code].member.casebook.standing().provisional
    for ref in refs:
        stage.tell_case(net[code].member, ref)


def taken_over(stage: Stage) -> None:
    """Two people of a township take cases out of a village's hands: proposed, confirmed, rejected, and sent on."""
    keys = set_up(stage, TOWNSHIP, COUNTY, VILLAGE)
    net = spoken(stage, keys, TOWNSHIP)
    refs = [net[VILLAGE].member.file(**applicant(number)) for number in range(3)]
    net.settle()
    township = net[TOWNSHIP].member
    book = township.casebook
    stage.settled()
    for number, ref in enumerate(refs, start=1):
        case = book.case(ref.scope, ref.case_id)
        assert case is not None
        book.propose("0101", {"clerk"}, ref[:2], TOWNSHIP, "站点失联三天", case.last)
        tell_proposal(stage, township, number)
        if number == 2:
            book.reject("0103", {"head"}, number, "站点已恢复")
        else:
            book.confirm("0103", {"head"}, number)
        tell_proposal(stage, township, number)
        stage.tell_case(township, ref)
        net.sync()
    for ref in refs:
        stage.tell_case(township, ref)


def tell_proposal(stage: Stage, member: Member, number: int) -> None:
    """The page of assignments shows how a proposal stands."""
    state = next(each.state for each in member.casebook.proposals() if each.id == number)
    stage.tell("proposal", str(number), state=state)
