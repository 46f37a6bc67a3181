"""The tree of stage events of one case, and the one effective path through it.

Theory of operation. Every stage event names the one it follows, so the events of a case form a tree whose root is the
create event. Walking down from the root, each event is judged at the end of the very path it names: nothing that stands
on another branch, and nothing that arrives later, can change that judgement. What is missing makes an event wait, with
all that follows it. Among legal children one is chosen: the one whose legal subtree holds an event of the highest
level, then the older incarnation, then the lower hash. A superior builds only on what was effective in its own eyes, so
what it has built on wins wherever its events are held. All of this is a function of the set of events: no clock, no
order of arrival.

An adoption names events of other branches, and is judged after them. What they did is done once more on its own path,
by its author's leave; they themselves stay where they are, off the path.

Events that need an update here are presumed legal in the choice: if one of them is chosen the path ends before it,
since nobody here can know what it did.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Final

from sync_protocol.case import adoption, baton, kinds, named
from sync_protocol.case.adoption import Adoption, Judged
from sync_protocol.case.baton import Flow
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.content import Body, adopts, is_missing, is_unknown, positions_in, read_body
from sync_protocol.case.events import EFFECTIVE, CaseEvent, Position, Verdict
from sync_protocol.case.routes import CasePath

Children = Mapping[Position, list[CaseEvent]]
Judgement = tuple[Verdict | None, Flow | None, Body | None]
Step = tuple[CaseEvent, int, Flow | None]  # an event to be judged, the index of the one it follows, the flow there
WAITS_FOR_DEP: Final = Verdict("waiting", "dep")
NO_RANK: Final = 1 << 30
PRESUMED: Final[Judgement] = (None, None, None)


class Tree:
    """The stage events of one case, judged.

    ``path``: the effective events in order, each with its body (None when deleted); ``flow``: the state at its end,
    None if there is no effective create event; ``verdicts``: one for every stage event.
    """

    def __init__(
        self,
        stage: Mapping[Position, CaseEvent],
        sides: Mapping[Position, CaseEvent],
        elsewhere: Set[Position],
        case_path: CasePath,
        catalogue: Catalogue,
    ) -> None:
        self.stage = stage
        self.sides = sides
        self.elsewhere = elsewhere
        self.case_path = case_path
        self.catalogue = catalogue
        self.verdicts: dict[Position, Verdict] = {}
        self.path: list[tuple[CaseEvent, Body | None]] = []
        self.flow: Flow | None = None
        self.needs_update = False
        self.adoptions: dict[Position, Adoption] = {}
        self._later: list[Step] = []
        self._known: dict[Position, int] = {}
        self._judged_now: list[Position] = []
        # Parallel lists over the events that compete for the path, parents before children. No flow: presumed legal.
        self._events: list[CaseEvent] = []
        self._bodies: list[Body | None] = []
        self._flows: list[Flow | None] = []
        self._parents: list[int] = []
        self._straight = True
        self._grow()
        if self._straight:
            self._take_all()
        else:
            self._choose()
        for position in stage if len(self.verdicts) != len(stage) else ():
            self.verdicts.setdefault(position, Verdict("void", "after_circle"))

    def _grow(self) -> None:
        """Judge every event that hangs on a create event, then what hangs on nothing that is held."""
        children: dict[Position, list[CaseEvent]] = {}
        roots: list[CaseEvent] = []
        strays: list[tuple[CaseEvent, Verdict]] = []
        for event in self.stage.values():
            after = event.after
            if after is None:
                if event.kind == kinds.CREATE:
                    roots.append(event)
                else:
                    strays.append((event, _without_after(event)))
            elif event.kind == kinds.CREATE:
                strays.append((event, Verdict("void", "create_with_after")))
            elif after in children:
                children[after].append(event)
            else:
                children[after] = [event]
        self._straight = len(roots) <= 1
        for root in roots:
            self._walk((root, -1, None), children)
        if len(self.verdicts) + len(self._events) != len(self.stage):
            self._spread(strays, children)
            self._spread(self._astray(children), children)
        if self._later:
            self._judge_adoptions(children)

    def _walk(self, first: Step, children: Children, *, ready: bool = False) -> None:
        """Judge an event and everything below it that can be reached over legal or presumed events.

        Adoptions below it are left for later; ``ready``: the first event is one whose time has come.
        """
        stack = [first]
        while stack:
            event, parent, before = stack.pop()
            if parent >= 0 and before is None:
                verdict, flow, body = PRESUMED
            elif event.kind == kinds.ADOPT and not ready:
                self._later.append((event, parent, before))
                continue
            else:
                verdict, flow, body = self._judge(event, before, parent)
            ready = False
            below = children.get(event.position, ())
            if verdict is not None:
                self.verdicts[event.position] = verdict
                self._judged_now.append(event.position)
                inherited = _inherited(verdict)
                self._spread(((child, inherited) for child in below), children)
                continue
            index = self._known[event.position] = len(self._events)
            self._judged_now.append(event.position)
            self._events.append(event)
            self._bodies.append(body)
            self._flows.append(flow)
            self._parents.append(parent)
            if len(below) > 1 or flow is None or not event.entitled:
                self._straight = False
            for child in below:
                # A flow is written on by the event that follows; where that event may yet not count, by a twin.
                twin = flow is not None and (len(below) > 1 or not child.entitled)
                stack.append((child, index, flow.copy() if twin and flow is not None else flow))

    def _judge_adoptions(self, children: Children) -> None:
        """Judge each adoption as soon as all it names are judged, and what follows it; a circle has no such.

        Each look is at what has just been judged only: a long chain of adoptions is no more work than a short one each.
        """
        open_ = self.stage.keys() - self.verdicts.keys() - self._known.keys()
        waiting: dict[Position, tuple[Step, set[Position]]] = {}
        named_by: dict[Position, list[Position]] = {}
        ready: list[Step] = []
        self._judged_now = []
        while self._later or ready:
            for step in self._later:
                needs = open_.intersection(adopts(step[0]))
                for position in needs:
                    named_by.setdefault(position, []).append(step[0].position)
                if needs:
                    waiting[step[0].position] = step, needs
                else:
                    ready.append(step)
            self._later = []
            if ready:
                self._walk(ready.pop(), children, ready=True)
            for position in self._judged_now:
                open_.discard(position)
                for name in named_by.pop(position, ()):
                    waiting[name][1].discard(position)
                    if not waiting[name][1]:
                        ready.append(waiting.pop(name)[0])
            self._judged_now = []
        self._spread([(step[0], Verdict("void", "after_circle")) for step, _ in waiting.values()], children)

    def _judge(self, event: CaseEvent, flow: Flow | None, parent: int) -> Judgement:
        """Judge one event at the end of its path: (None, flow after it, body) if legal, PRESUMED if it needs an update,
        else (its verdict, None, None)."""
        if is_unknown(event):
            return PRESUMED
        if event.deps_missing:
            return WAITS_FOR_DEP, None, None
        if event.body is None and is_missing(event):
            return Verdict("waiting", "body", event.position), None, None
        body = read_body(event)
        if isinstance(body, str):
            return Verdict("void", body), None, None
        if flow is None:
            return self._begin(event, body)
        if body is not None and event.kind in named.NAMING:
            verdict = named.check(event.kind, body, flow, self)
            if verdict is not None:
                return PRESUMED if verdict is named.UNKNOWN else (verdict, None, None)
        if event.kind == kinds.ADOPT and body is not None:
            return self._adopt(event, flow, parent, body)
        reason = baton.step(flow, event.kind, event.place, body, self.case_path, event.position)
        if reason is not None:
            return Verdict("void", reason), None, None
        return None, flow, body

    def _begin(self, event: CaseEvent, body: Body | None) -> Judgement:
        item = None
        if body is not None:
            item = self.catalogue.find(body[0], body[1])
            if item is None:
                return Verdict("waiting", "item", event.position), None, None
        flow = baton.begin(item, event.place, self.case_path)
        if isinstance(flow, str):
            return Verdict("void", flow), None, None
        return None, flow, body

    def _adopt(self, event: CaseEvent, flow: Flow, parent: int, body: Body) -> Judgement:
        """Judge an adoption after all that it names."""
        names, judged = positions_in(body), self._judged()
        verdict = adoption.check_named(names, judged, self.sides, self.case_path)
        if verdict is not None:
            return PRESUMED if verdict is adoption.UNKNOWN else (verdict, None, None)
        done = adoption.adopt(flow, event.place, parent, names, judged, self.case_path)
        if isinstance(done, str):
            return Verdict("void", done), None, None
        self.adoptions[event.position] = done
        return None, done.flow, body

    def _judged(self) -> Judged:
        return Judged(self._events, self._bodies, self._flows, self._parents, self._known, self.verdicts)

    def adoptable(self, contested: Iterable[Position]) -> tuple[Position, ...]:
        """List those of the contested events that the holder could adopt now, each by itself with what leads to it."""
        if self.flow is None:
            return ()
        end = self._known[self.path[-1][0].position]
        return tuple(adoption.adoptable(self.flow, end, contested, self._judged(), self.sides, self.case_path))

    def _astray(self, children: Children) -> list[tuple[CaseEvent, Verdict]]:
        """Judge the events whose ``after`` is not among the stage events held."""
        held = {(position.incarnation, position.seq) for position in (*self.stage, *self.sides)}
        strays = []
        for after, events in children.items():
            if after in self.stage:
                continue
            if after in self.sides:
                verdict = Verdict("void", "after_not_stage")
            elif after in self.elsewhere:
                verdict = Verdict("void", "after_other_case")
            elif (after.incarnation, after.seq) in held:
                verdict = Verdict("void", "after_differs")
            else:
                verdict = Verdict("waiting", "after", after)
            strays += [(event, verdict) for event in events]
        return strays

    def _spread(self, strays: Iterable[tuple[CaseEvent, Verdict]], children: Children) -> None:
        """Give a verdict to events and, by inheritance, to all that follow them."""
        stack = list(strays)
        while stack:
            event, verdict = stack.pop()
            if is_unknown(event) and verdict.code == "waiting":
                verdict = Verdict("needs_update", _unknown_reason(event))
            self.verdicts[event.position] = verdict
            self._judged_now.append(event.position)
            inherited = _inherited(verdict)
            for child in children.get(event.position, ()):
                if child.position not in self.verdicts:
                    stack.append((child, inherited))

    def _take_all(self) -> None:
        """One chain and everybody entitled: the common case, where nothing has to be chosen."""
        for event in self._events:
            self.verdicts[event.position] = EFFECTIVE
        self.path = list(zip(self._events, self._bodies, strict=True))
        if self._events:
            self.flow = self._flows[-1]

    def _choose(self) -> None:
        """Find the effective path among the events that compete, and give each of them its verdict."""
        events, flows, parents = self._events, self._flows, self._parents
        best = self._best_ranks()
        children: dict[int, list[int]] = {}
        for index, parent in enumerate(parents):
            if best[index] < NO_RANK:
                children.setdefault(parent, []).append(index)
        chosen: set[int] = set()
        here = -1
        while here in children:
            winner = min(children[here], key=lambda index: (best[index], events[index].order, *_hash_of(events[index])))
            if flows[winner] is None:
                self.needs_update = True
                break
            here = winner
            chosen.add(here)
            self.path.append((events[here], self._bodies[here]))
            self.flow = flows[here]
        # Where the path stops before an unknown event, what competes with that event is undecided here.
        undecided = {here} if self.needs_update else set()
        for index, event in enumerate(events):
            parent = parents[index]
            if index in chosen:
                verdict = EFFECTIVE
            elif flows[index] is None:
                first = parent < 0 or flows[parent] is not None
                verdict = Verdict("needs_update", _unknown_reason(event) if first else "after_unknown")
            elif self.flow is not None and event.position in self.flow.adopted:
                verdict = Verdict("contested", "adopted")
            elif best[index] >= NO_RANK:
                verdict = Verdict("contested", "after_not_entitled" if event.entitled else "not_entitled")
            elif parent in undecided:
                undecided.add(index)
                verdict = Verdict("needs_update", "after_unknown")
            else:
                verdict = Verdict("contested", "other_branch")
            self.verdicts[event.position] = verdict

    def _best_ranks(self) -> list[int]:
        """Give for each competing event the rank of the highest place that wrote in its legal subtree.

        An event of a frozen or cut incarnation counts only if a superior of its author's place, itself entitled, built
        on it; what does not count is NO_RANK, and so is all below it.
        """
        ranks, parents = self.case_path.ranks, self._parents
        best = [NO_RANK] * len(self._events)
        for index in range(len(best) - 1, -1, -1):
            event = self._events[index]
            own = ranks.get(event.place, NO_RANK - 1)
            if event.entitled:
                best[index] = min(best[index], own)
            elif best[index] >= own:
                best[index] = NO_RANK
            parent = parents[index]
            if parent >= 0 and best[index] < best[parent]:
                best[parent] = best[index]
        for index, parent in enumerate(parents):
            if parent >= 0 and best[parent] >= NO_RANK:
                best[index] = NO_RANK
        return best


def _hash_of(event: CaseEvent) -> tuple[bytes, bytes]:
    return event.position.mark, event.position.incarnation


def _unknown_reason(event: CaseEvent) -> str:
    return "critical_field" if event.critical_ext else "unknown_kind"


def _without_after(event: CaseEvent) -> Verdict:
    return Verdict("needs_update", _unknown_reason(event)) if is_unknown(event) else Verdict("void", "no_after")


def _inherited(verdict: Verdict) -> Verdict:
    """Give the verdict of an event that follows one with this verdict."""
    if verdict.code == "waiting":
        return verdict
    if verdict.code == "needs_update":
        return Verdict("needs_update", "after_unknown")
    return Verdict("void", "after_void")
