"""The courier's two errands: write what a place has not signed for, and take in what somebody brings.

Theory of operation. A bundle is written part by part, the head last, and each file is read back before the next: what
is cut off on the way has no head and is no bundle. Writing changes nothing here but the list of what was written.
Reading looks at everything that can be told without trusting anybody (shape, network, sender, signature, recipient)
before the first part; a part is opened and read to its last slice before the first of it is applied; and each slice
enters by the same door as a message of the exchange, in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from sync_protocol import bundle, limits
from sync_protocol.bundle import BEGINS, BLOBS, EVENTS, ID_BYTES, Head
from sync_protocol.errors import ProtocolError
from sync_protocol.event import mark
from sync_protocol.exchange import BlobWant, Content, StreamPoint
from sync_protocol.roster import Change, Node
from sync_protocol.suites import NotOpened
from village_node.casebook import Casebook, CasebookError, Reason, Received, Said, lower_of
from village_node.courier import stick
from village_node.courier.judging import judge, not_for_us, part_of
from village_node.courier.outcome import Outcome, PartState, Tell, Trouble, untold
from village_node.courier.slices import events_alone, for_head, read_slice
from village_node.courier.stick import Source
from village_node.courier.writing import Packing, Written
from village_node.store import StoreError

_WHOLE_STICK: Final = limits.BUNDLE_PARTS * limits.EVENT_PART // 2
_ONE_FILE: Final = stick.FOLDED_MOST - 2 * limits.BUNDLE_HEAD


class Courier:
    """Writes and reads bundles for one node."""

    def __init__(self, casebook: Casebook, clock: Callable[[], int], randomness: Callable[[int], bytes]) -> None:
        """`clock` in ms since 1970: a claim in each head."""
        self._casebook = casebook
        self._clock = clock
        self._randomness = randomness
        self._countersign: Callable[[Node, bytes], object] = lambda _node, _renewal: None

    def countersigns(self, countersign: Callable[[Node, bytes], object]) -> None:
        """For a place with others under it: who answers when one of them asks for a new life, by stick as by line."""
        self._countersign = countersign

    def usual_place(self) -> str:
        """Who a bundle is for where nobody says: the place above; empty at the root."""
        return self._casebook.roster.places.parent(self._casebook.identity.place) or ""

    # Writing

    def write(self, actor: str, folder: Path, place: str = "", *, tell: Tell = untold) -> Written:
        """Write a bundle for a place into a folder of its own on the stick. Raises Trouble, StoreError."""
        packing, unfinished = self._begun(place), stick.unfinished_in(folder)
        try:
            shelf = stick.Shelf(folder, packing.head.bundle_id)
            try:
                self._put_parts(shelf, packing, folder, tell)
                raw = self._signed(packing)
                shelf.put(stick.HEAD_FILE, raw)
                return self._noted(actor, packing, len(raw), shelf.path.name, unfinished)
            except (Trouble, StoreError):
                shelf.clear()
                raise
        except Trouble as trouble:
            if not unfinished:
                raise
            zh, en = stick.words_of_unfinished(unfinished)
            raise Trouble(f"{trouble.zh}。{zh}", f"{trouble.en}; {en}") from None

    def _put_parts(self, shelf: stick.Shelf, packing: Packing, folder: Path, tell: Tell) -> None:
        """Write the parts; where the stick is full before the files of papers are on it, the cases leave all the same.
        Raises Trouble, StoreError."""
        parts = packing.files(_WHOLE_STICK, lambda size: min(stick.PAPERS_MOST - size, stick.room_in(folder)))
        for number, raw in enumerate(parts, start=1):
            try:
                shelf.put(stick.part_file(number), raw)
            except stick.NoRoom:
                if packing.parts[-1].kind != BLOBS:
                    raise
                shelf.remove(stick.part_file(number))
                packing.leave_last()
                return
            tell(number, 0)

    def fold(self, actor: str, place: str = "", most: int = _ONE_FILE, *, tell: Tell = untold) -> tuple[Written, bytes]:
        """The same as one file with parts of at most so many bytes. Raises Trouble, StoreError."""
        packing = self._begun(place)
        files: list[bytes] = []
        for raw in packing.files(most, lambda size: most - size):
            files.append(raw)
            tell(len(files), 0)
        raw = self._signed(packing)
        name = stick.folder_name(packing.head.bundle_id) + stick.SUFFIX
        return self._noted(actor, packing, len(raw), name), stick.folded(raw, files)

    def _begun(self, place: str) -> Packing:
        casebook, place = self._casebook, place or self.usual_place()
        if not place:
            raise Trouble("本机为最上级，请选择拷给哪个单位", "this node is the highest: say for which place it is")
        if casebook.retired:
            raise Trouble("本机已停用，请在正在使用的机器上拷出", "this machine is retired: write it on the one in use")
        if casebook.is_struck:
            raise Trouble(
                "县里裁定名册分叉时，没有保留本机的登记：本机记录都在，请上级用原登记请求重新登记后再拷出",
                "by the county's ruling on the roster this machine is not enrolled: nothing here is lost; write it when"
                " the level above has granted the enrolment request anew",
            )
        # Before what we hold is looked up: whoever finds a life of its own in it knows that it was looked up since.
        roster = casebook.roster
        try:
            owed, own_key, key = casebook.owed_to(place), casebook.road_key(), casebook.key_of(place)
            earlier, last = for_head(roster, owed.lower)
        except CasebookError as problem:
            raise Trouble(problem.zh, problem.en) from None
        head = Head(
            casebook.network_id,
            self._randomness(ID_BYTES),
            casebook.speaker.incarnation,
            casebook.next_bundle(),
            self._clock(),
            bundle.slices_for((own_key, key)),
            (place,),
            own_key,
            changes=tuple(last),
        )
        return Packing(casebook, head, owed, key, earlier, self._randomness)

    def _signed(self, packing: Packing) -> bytes:
        packing.head = replace(packing.head, parts=tuple(packing.parts))
        return bundle.head_bytes(packing.head, self._casebook.identity.lives[packing.head.sender])

    def _noted(
        self, actor: str, packing: Packing, head_size: int, name: str, unfinished: tuple[str, ...] = ()
    ) -> Written:
        head = packing.head
        files = len(packing.blobs)
        self._casebook.note_written(actor, head, head.recipients[0], packing.sent, files=files, more=packing.more)
        self._casebook.note_carried(head.recipients[0], packing.blobs)
        return Written(
            head.bundle_id,
            head.recipients[0],
            head.time,
            sum(part.events for part in head.parts),
            len(head.parts),
            packing.size + head_size,
            packing.key is None,
            packing.more,
            name,
            unfinished,
            files,
        )

    # Reading

    def read(self, actor: str, folder: Path, *, tell: Tell = untold) -> list[Outcome]:
        """Take in every bundle on a stick that is for this place. Raises Trouble, StoreError; what was taken in before
        that stays, and the same again brings the rest."""
        return _some([self._taken(actor, source, tell) for source in stick.bundles_in(folder)])

    def unfold(self, actor: str, name: str, raw: bytes, *, tell: Tell = untold) -> Outcome:
        """Take in a bundle that is one file. Raises Trouble, StoreError."""
        return self._taken(actor, _one(name, raw), tell)

    def verify(self, folder: Path, *, tell: Tell = untold) -> list[Outcome]:
        """Look at every bundle on a stick as it would be read, our own among them, and take nothing in."""
        return _some([self._checked(source, tell)[0] for source in stick.bundles_in(folder)])

    def verify_file(self, name: str, raw: bytes, *, tell: Tell = untold) -> Outcome:
        """The same for a bundle that is one file."""
        return self._checked(_one(name, raw), tell)[0]

    def _taken(self, actor: str, source: Source, tell: Tell) -> Outcome:
        casebook = self._casebook
        outcome, head, node, sound = judge(casebook, source)
        if outcome.refused is not None or head is None or node is None:
            return outcome
        if outcome.ours or casebook.identity.place not in head.recipients:
            outcome.refused = not_for_us(outcome, self._name(head.recipients[0]))
            return outcome
        before = casebook.bundle_that_came(head.bundle_id)
        outcome.before = before is not None
        self._noticed(casebook.receive(node.incarnation, Content(roster_changes=sound), peer_update={}))
        said, told = Said(), list[Change]()
        wants: list[BlobWant] = []
        for number in range(1, len(head.parts) + 1):
            tell(number - 1, len(head.parts))
            if head.parts[number - 1].kind == BLOBS:
                outcome.states.append(self._take_files(outcome, source, head, node, number))
                continue
            slices, state = self._opened(source, head, node, number)
            outcome.states.append(state)
            for body in slices:
                content = self._read(node, body)
                if not node.serves:
                    content = events_alone(content)
                told += content.roster_changes
                wants += content.blobs.wants[: limits.BUNDLE_BLOB_WANTS - len(wants)]
                said = self._apply(outcome, node, content, said)
        if told:  # of a long roster the head has the end, which follows only now
            taking = casebook.judged(head.changes)
            outcome.odd_changes, again = len(taking.refused), Content(roster_changes=taking.sound(head.changes))
            self._noticed(casebook.receive(node.incarnation, again, peer_update={}))
        whole = outcome.whole and not outcome.held_back and not outcome.disk_full
        if said.vector is not None:
            casebook.note_blobs_asked(node, wants)
        casebook.note_came(actor, head, node.place, stored=outcome.stored, files=outcome.files, whole=whole, said=said)
        # Whoever stands below could drive us from life to life by what he says he holds.
        if said.vector is not None and self._is_above(node):
            self._look_back(said.vector)
            casebook.settle_by_hand(said.vector, node.place, [*told, *head.changes])
        return outcome

    def _noticed(self, received: Received) -> None:
        """Begin a new life where something came that this one has signed and does not hold. Raises NotSaved."""
        if received.restored is not None:
            self._casebook.begin_again(Reason.OWN_SIGNATURE, ended=received.restored)

    def _is_above(self, node: Node) -> bool:
        here = self._casebook.identity.place
        return lower_of(self._casebook.roster, here, node.place) == here

    def _look_back(self, vector: Sequence[StreamPoint]) -> None:
        """Begin a new life where an ancestor has signed that it holds more of this one than is here, or something
        else, or receipts that it gave and has forgotten: this disk was put back, whenever that bundle was written.
        Raises NotSaved."""
        casebook = self._casebook
        me = casebook.identity.incarnation
        if casebook.lives is not None and casebook.receipts_beyond(vector):
            casebook.begin_again(Reason.BEYOND_US, ended=me)
            return
        for point in vector:
            if point.incarnation == me and point.seq and not point.path:
                ours = casebook.hash_at(me, point.scope, point.seq)
                if (ours is None or mark(ours) != mark(point.hash)) and casebook.lives is not None:
                    casebook.begin_again(Reason.BEYOND_US, ended=me)
                    return

    def _apply(self, outcome: Outcome, node: Node, content: Content, said: Said) -> Said:
        """One slice, in one transaction; what its sender said of itself so far. Raises StoreError."""
        received = self._casebook.receive(node.incarnation, content, peer_update={})
        if content.renewal is not None:
            if self._casebook.pages_only:
                outcome.renewal_left = True  # beside the worker that syncs: one number of the roster could go out twice
            else:
                self._countersign(node, content.renewal)
        self._noticed(received)
        outcome.stored += received.stored
        outcome.receipts += received.receipts
        outcome.held_back += len(received.answers)
        answers = (*said.answers, *received.answers)
        if content.vector is None:
            return said._replace(answers=answers)
        return Said(tuple(content.vector), tuple(content.wants), content.lines_asked, answers)

    def _checked(self, source: Source, tell: Tell) -> tuple[Outcome, Head | None]:
        outcome, head, node, _ = judge(self._casebook, source)
        outcome.checked = True
        if outcome.refused is None and head is not None and node is not None:
            for number in range(1, len(head.parts) + 1):
                tell(number - 1, len(head.parts))
                if self._casebook.identity.place in head.recipients:
                    is_files = head.parts[number - 1].kind == BLOBS
                    look = self._opened_files if is_files else self._opened
                    outcome.states.append(look(source, head, node, number)[1])
                else:
                    outcome.states.append(part_of(source, head, number)[1])
        return outcome, head

    def _take_files(self, outcome: Outcome, source: Source, head: Head, node: Node, number: int) -> PartState:
        """Take in a part of files, once all of it has been read. Raises StoreError."""
        raw, state = self._opened_files(source, head, node, number)
        if raw is None or outcome.disk_full:
            return state
        casebook, keys = self._casebook, self._casebook.opening_keys()
        chunks = bundle.open_blobs(head, number, raw, casebook.identity.place, keys)
        while not outcome.disk_full and (some := list(islice(chunks, limits.BLOB_PIECES))):
            hauled = casebook.take_chunks(node, some)
            outcome.files += hauled.whole
            outcome.chunks += hauled.taken
            outcome.unknown |= hauled.unknown
            outcome.disk_full = hauled.refused
        return state

    def _opened_files(self, source: Source, head: Head, _node: Node, number: int) -> tuple[bytes | None, PartState]:
        """The bytes of a part of files, each chunk of which has been read; none where anything does not hold."""
        raw, state = part_of(source, head, number)
        if raw is None:
            return None, state
        casebook = self._casebook
        try:
            for _ in bundle.open_blobs(head, number, raw, casebook.identity.place, casebook.opening_keys()):
                pass
        except NotOpened:
            return None, PartState.SEALED_TO_ANOTHER_KEY
        except ProtocolError:
            return None, PartState.DAMAGED
        except CasebookError as problem:
            raise Trouble(problem.zh, problem.en) from None
        return raw, PartState.SOUND

    def _opened(self, source: Source, head: Head, node: Node, number: int) -> tuple[list[bytes], PartState]:
        """The slices of a part, each of which has been read; nothing where anything of it does not hold. They are read
        again when they are applied: a part at once would be some hundred megabytes."""
        part = head.parts[number - 1]
        if part.kind != EVENTS:
            return [], PartState.NEEDS_UPDATE
        raw, state = part_of(source, head, number)
        if raw is None:
            return [], state
        casebook = self._casebook
        try:
            slices = bundle.open_part(head, number, raw, casebook.identity.place, casebook.opening_keys())
            for body in slices:
                self._read(node, body)
            return slices, PartState.SOUND
        except NotOpened:
            return [], PartState.SEALED_TO_ANOTHER_KEY
        except ProtocolError:
            return [], PartState.DAMAGED
        except CasebookError as problem:
            raise Trouble(problem.zh, problem.en) from None

    def _read(self, node: Node, body: bytes) -> Content:
        return read_slice(body, down=self._is_above(node))

    def _name(self, place: str) -> str:
        places = self._casebook.roster.places
        return places.name(place) if place in places else place


def _some(outcomes: list[Outcome]) -> list[Outcome]:
    if not outcomes:
        raise Trouble(
            "这里没有完整的拷盘文件。如果拷出时中断过，请回到原单位重新拷出",
            "there is no complete bundle here: if its writing was cut off, have it written again",
        )
    return outcomes


def _one(name: str, raw: bytes) -> Source:
    if raw.startswith(BEGINS) or stick.is_part_file(name):
        raise Trouble(
            "这只是拷盘文件夹里的一个文件，单独导入不了。这里只收一个完整的文件（名字像 sanji-1a2b….sanji）：请对方在"
            "网页上重新拷出，或者请管理员用 courier import 命令导入整个文件夹",
            "this is one file of a bundle's folder and brings nothing by itself. Here a whole bundle in one file is"
            " taken (sanji-1a2b….sanji): have it saved again from the page there, or have the whole folder imported"
            " with the command courier import",
        )
    found = stick.unfolded(name, raw)
    if found is None:
        raise Trouble(
            "这个文件不是拷盘文件。请选择 U 盘上以 .sanji 结尾的那个文件",
            "this file is no bundle: choose the one on the stick that ends in .sanji",
        )
    return found
