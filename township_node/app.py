"""Where a township's parts meet: a village node that also answers the nodes under it."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from sync_protocol.suites import SigningKey
from township_node import web
from township_node.downlink import Downlink
from village_node import app
from village_node import identity as identities
from village_node.casebook.brought import quota_of
from village_node.config import Config
from village_node.web import SITE, answer_below, refuse_undeclared_routes

WAITING_THREADS_SPARE = 4


def create_node(
    config: Config, keys: Callable[[app.Node], Sequence[SigningKey]] | None = None, *, pages_only: bool = False
) -> app.Node:
    """Wire a township node: all of a village's, the exchange for its children, and the listener they wait on.

    `keys`: what signs its part of the roster, its own key unless named. `pages_only`: one more worker beside the one
    that syncs.
    """
    node = app.create_node(config, pages_only=pages_only)
    signers = (lambda: keys(node)) if keys is not None else None
    downlink = Downlink(
        node.casebook,
        node.identity,
        app.wall_clock,
        identities.random_bytes,
        steady=time.monotonic,
        wait_s=config.wait_s,
        keys=signers,
        quota=quota_of(config),
        answers=partial(answer_below, node.web.extensions[SITE]),
    )
    node.courier.countersigns(downlink.countersign)
    if signers is not None:
        node.casebook.sign_roster_with(signers)
    node.web.register_blueprint(downlink.blueprint())
    web.register(node.web)
    refuse_undeclared_routes(node.web)
    if config.wait_port:
        threads = config.children_max + WAITING_THREADS_SPARE
        node.listeners.append(app.Listener(downlink.waiting_app(), config.host, config.wait_port, threads))
    node.closers.append(downlink.close)
    return node
