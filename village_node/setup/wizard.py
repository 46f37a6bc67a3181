"""What the pages of a set-up remember between two steps, and who may see them: one browser, let in by a one-time code.

Answers lie in memory until the last step, passwords among them: who breaks off begins again, and nothing was made. What
follows the making (the place above has to let the node in) lies on the disk, and goes on after a power cut.
"""

import base64
import hmac
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from village_node import app, config
from village_node.accounts.passwords import code_hash, one_time_code
from village_node.config import Config
from village_node.joining import Joining, Stage
from village_node.pace import Pace
from village_node.setup import plan, regions
from village_node.setup.making import Kind, make
from village_node.setup.plan import STEPS, Faults
from village_node.uplink.road import new_session

TRIES_EACH: Final = 5  # codes that one machine may try in a minute
TRIES_IN_ALL: Final = 20
TRIES_AT_HAND: Final = 10  # of these, for whoever sits at this machine: others cannot keep him out


class Wizard:
    """One set-up while its process runs. `told`: the answers so far, by field; `fixed`: those among them that the
    environment gives, and no page changes."""

    def __init__(
        self,
        kind: Kind,
        data: Path,
        listed: list[regions.Region],
        randomness: Callable[[int], bytes],
        monotonic: Callable[[], float],
        tell_code: Callable[[str], None],
        own_port: int = 0,
    ) -> None:
        """`listed`: the regions to choose the place from. `tell_code`: shows a one-time code where only the person at
        the machine reads it. `own_port`: where its pages are served. Raises BadSettings for the environment."""
        self.kind = kind
        self.data = data
        self.listed = listed
        self.joining: Joining | None = None
        self.made: Config | None = None
        self.over = threading.Event()
        self.answered: set[str] = set()
        self.told: dict[str, Any] = {
            "place": "", "name": "", "road": "line", "parent_url": "", "parent_wait_url": "", "protect": "none",
            "host": "127.0.0.1", "port": kind.default_port, "wait_port": 0, "public_url": "", "staff_no": "",
            "staff_name": "", "roles": [], "second_factor": plan.advised(kind.level),
        }  # fmt: skip
        if kind.root:
            self.told["hear_complaints"] = True
        self.fixed = config.environment()
        if self.fixed.get("parent_url") or self.fixed.get("parent_wait_url"):
            self.fixed["road"] = "line"
        self.told |= self.fixed
        self._own_port = own_port
        self._randomness = randomness
        self._pace = Pace(TRIES_EACH, TRIES_IN_ALL, monotonic, TRIES_AT_HAND)
        self._tell_code = tell_code
        self._lock = threading.Lock()
        self._code = b""
        self._browser = b""
        self._draw_code()

    @property
    def steps(self) -> tuple[str, ...]:
        """What is asked at this level, in this order."""
        return tuple(step for step in STEPS if step != "above" or not self.kind.root)

    def _draw_code(self) -> None:
        code = one_time_code(self._randomness)
        self._code = code_hash(code)
        self._tell_code(code)

    def cookie(self) -> str:
        """A fresh cookie for a browser."""
        return base64.urlsafe_b64encode(self._randomness(32)).rstrip(b"=").decode("ascii")

    def enter(self, code: str, who: str, *, at_hand: bool) -> tuple[str, float]:
        """Let a browser in with the code: its new cookie, and whoever was in before is out. Else ("", seconds to wait,
        or 0 for a wrong code). A code is good once; the next one is shown at the machine."""
        wait_s = self._pace.wait_s(who, at_hand=at_hand)
        if wait_s:
            return "", wait_s
        with self._lock:
            if not hmac.compare_digest(self._code, code_hash(code)):
                return "", 0.0
            cookie = self.cookie()
            self._browser = _hash(cookie)
            self._draw_code()
        return cookie, 0.0

    def is_in(self, cookie: str) -> bool:
        """Whether this is the browser that was let in."""
        return bool(self._browser) and hmac.compare_digest(self._browser, _hash(cookie))

    def answer(self, step: str, told: dict[str, Any]) -> Faults:
        """Keep the answers of a step; what is wrong with them. Faulty ones are kept too, secrets among them not."""
        secrets: dict[str, Any] = {name: told.pop(name) for name in plan.SECRETS if name in told}
        self.told |= told | self.fixed
        found = self._faults(step, self.told | secrets)
        for name in secrets:
            self.told.pop(name, None)
        if found:
            self.answered.discard(step)
        else:
            self.told |= secrets
            self.answered.add(step)
        return found

    def look_again(self) -> Faults:
        """What has become wrong since it was answered with where the node is to listen."""
        found = self._faults("reach", self.told)
        if found:
            self.answered.discard("reach")
        return found

    def _faults(self, step: str, told: dict[str, Any]) -> Faults:
        kind = self.kind
        return plan.faults_of(
            step, kind.level, self.data, told, root=kind.root, own_port=self._own_port, fixed=self.fixed
        )

    def next_step(self) -> str | None:
        """The first step that is not answered yet; None: all are."""
        return next((step for step in self.steps if step not in self.answered), None)

    def townships(self) -> list[tuple[str, str]]:
        """The townships a county begins with, of the list of regions."""
        return regions.children(self.listed, self.told["place"], "township") if self.kind.root else []

    def make(self) -> None:
        """Make the node of the answers, once. Raises what `making.make` raises; then nothing was made, or it is taken
        up by the next try."""
        with self._lock:
            if self.made is not None:
                return
            chosen = plan.config_of(self.data, self.kind.level, self.told)
            make(self.kind, chosen, self.townships(), plan.account_of(self.told))
            self.go_on(chosen)

    def go_on(self, chosen: Config) -> None:
        """Go on with a node that is made: have it ask the place above. Raises NoIdentity, NoPassphrase."""
        if not self.kind.root:
            self.joining = Joining(chosen, app.keyring_of(chosen), new_session())
            threading.Thread(target=self.joining.ask_until, args=(self.over,), name="joining", daemon=True).start()
        self.made = chosen

    @property
    def chosen(self) -> Config | None:
        """The settings of the node that was made, as they stand by now."""
        return self.joining.config if self.joining is not None else self.made

    @property
    def compares(self) -> bool:
        """Whether the node is in, and people have to compare whose network it is."""
        return self.joining is not None and self.joining.stage is Stage.IN


def _hash(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "surrogatepass")).digest()
