"""What a list is narrowed to: a text (of which the address has a key alone, searches.py) and some choices that stand in
the address, so that a reload and the way back keep them, and nothing of it needs a script."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from village_node.web import entry, searches
from village_node.web.searches import LONGEST
from village_node.web.site import Visit


class Choice(NamedTuple):
    """One choice: under which name it stands in the address, its label, and what can be chosen, with the words."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Filters:
    """What one list is narrowed to. ``endpoint``: its page; ``label``: where the text is looked for; ``kept``: what
    else stands in the address and is to stay, such as which view of the list it is; ``places``: see searches.told."""

    endpoint: str
    label: str
    text: str
    choices: Sequence[Choice]
    chosen: Mapping[str, str]
    kept: Mapping[str, str]
    places: Container[str] = ()

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return bool(self.text) or any(self.chosen.values())

    def fit(self, words: Iterable[str], **has: str) -> bool:
        """Whether something is listed: its ``words`` hold the text, and it has what was chosen. Who calls hands in only
        what the page shows, so that nobody finds out by searching what is masked."""
        if any(wanted and has[name] != wanted for name, wanted in self.chosen.items()):
            return False
        wanted = self.text.casefold()
        return not wanted or any(wanted in each.casefold() for each in words)

    def told(self) -> dict[str, str]:
        """The same for the line in the audit trail about an export."""
        return {**self.chosen, **self.kept, "text": searches.told(self.text, self.places)}


def asked(visit: Visit, endpoint: str, label: str, *choices: Choice, kept: Sequence[str] = ()) -> Filters:
    """What the address asks for. What cannot be chosen counts as not chosen."""
    said = {name: entry.line(text)[:LONGEST] for name, text in visit.request.args.items()}
    chosen = {each.name: typed if (typed := said.get(each.name, "")) in dict(each.options) else "" for each in choices}
    others = {name: said[name] for name in kept if said.get(name)}
    return Filters(endpoint, label, searches.typed(visit), choices, chosen, others, visit.site.places)
