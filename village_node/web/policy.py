"""Who may use a route and how much it shows: every route declares it, or the node does not start."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from flask import Flask

from sync_protocol.case.powers import STANDS_IN

# What a route reaches. "public": nothing about anybody. "own": the session's own account and drafts. "query": one case
# named by its number and code. "node": what this node holds, nothing else is in its database. "machine": another
# program, which proves itself otherwise.
Scope = Literal["public", "own", "query", "node", "machine"]
# The personal data it may show: none, names masked, all masked, or open after a reason was given.
Fields = Literal["none", "masked_name", "masked", "reasoned", "typed"]

EXTENSION: Final = "sanji.policies"

CASEWORK: Final = frozenset({
    "agent", "head", "clerk", "reviewer", "window", "officer", "leader", "business", "supervisor",
})  # fmt: skip
# Those whom the workflow lets take in applications; it is asked again when a case is filed.
COUNTER: Final = frozenset({"agent", "clerk", "window"})
ADMIN: Final = frozenset({"admin"})
STAFF: Final = CASEWORK | ADMIN
# Who takes fees and who files volumes: they see what waits for them, with what their act needs, and no other case.
DESKS: Final = frozenset(STANDS_IN)
# Who may see the personal data of a case in full, each time with a reason; the others never do.
UNMASKS: Final = CASEWORK - {"supervisor"}
SIGNED_IN: Final = STAFF | DESKS
# Those who answer for the work of others may take lists of cases away as files; who works on single cases reads the
# pages. The audit trail goes with whoever may read it, and so do sums that are about nobody.
EXPORTS: Final = frozenset({"head", "leader", "business", "supervisor"})


class UndeclaredRoute(RuntimeError):
    """A route has no policy; the text names it. The node does not start with it."""


@dataclass(frozen=True)
class Policy:
    """`roles` None: anybody, signed in or not. `scope` and `fields`: what it reaches and what it shows of persons."""

    roles: frozenset[str] | None
    scope: Scope
    fields: Fields = "none"

    def allows(self, roles: frozenset[str] | None) -> bool:
        """Tell whether somebody with these roles (None: not signed in) may use the route."""
        return self.roles is None or (roles is not None and not self.roles.isdisjoint(roles))


@dataclass(frozen=True)
class Route:
    """One page: its address, its name, what answers it, who may use it.

    A request that is not GET must carry the token of a form we showed. `refreshes`: the page asks by itself, so it is
    no sign of life of the person in front of it. `vouched`: an act that is asked for with the password once more, since
    whoever finds a screen unattended must not do it. `for_good`: what of such an act cannot be undone, in words, which
    are read where the password is typed. `takes_leave`: it gives a file, and the page after the password asks for it.
    `redraws`: sent with a choice of print or language in its address, it does nothing but draw its form once more with
    what was typed.
    """

    rule: str
    name: str
    view: Callable[..., Any]
    policy: Policy
    methods: tuple[str, ...] = ("GET",)
    refreshes: bool = False
    vouched: bool = False
    for_good: tuple[str, str] | None = None
    takes_leave: bool = False
    redraws: bool = False


def declare(app: Flask, endpoint: str, policy: Policy) -> None:
    """Note the policy of an endpoint."""
    app.extensions.setdefault(EXTENSION, {})[endpoint] = policy


def declared(app: Flask) -> dict[str, Policy]:
    """The policies noted so far, by endpoint."""
    policies: dict[str, Policy] = app.extensions.setdefault(EXTENSION, {})
    return policies


def refuse_undeclared_routes(app: Flask, doors: Iterable[str] = ("downlink",)) -> None:
    """Go through every route of the finished app. `doors`: blueprints that answer machines and check them themselves.

    Raises UndeclaredRoute for a route that is neither declared nor behind such a door.
    """
    policies, machines = declared(app), set(doors)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in machines:
            policies.setdefault(rule.endpoint, Policy(None, "machine"))
        elif rule.endpoint not in policies:
            raise UndeclaredRoute(f"{rule.rule} ({rule.endpoint}) does not say who may use it")
