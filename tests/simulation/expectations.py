"""What the product promises today for a node that lives twice: one table, to be changed when more is promised.

NOTICED: its screen says so, what it writes is withheld, nobody else is affected, and a person has to enrol it anew.
HEALED: it heals by itself; nothing that anybody still holds is lost, nothing is doubled, and every case goes on.
"""

from typing import Final

NOTICED: Final = "noticed"
HEALED: Final = "healed"

EXPECTED: Final[dict[str, str]] = {
    "restore": HEALED,
    "clone": NOTICED,
}
# Whom it may befall. Where it does not heal, a relay that is withheld cuts off those under it: so villages only.
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    NOTICED: ("village",),
    HEALED: ("village", "township", "county"),
}
