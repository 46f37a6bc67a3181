"""Somebody on the road between two nodes, and whether a case comes through all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from sync_protocol.errors import NotSealed
from sync_protocol.exchange import NO_ALARM, read_sealed, refusal_bytes
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network


def arrives(net: Network) -> bool:
    """Whether a case filed now comes up to the county, and nobody rings."""
    ref = net[VILLAGE].member.file()
    net.settle()
    calm = net[VILLAGE].peer(net[TOWNSHIP]).alarm == net[TOWNSHIP].peer(net[VILLAGE]).alarm == NO_ALARM
    return calm and net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None


@contextmanager
def refuses_what_is_sealed(net: Network, code: str) -> Iterator[None]:
    """Somebody on the road to one place, who lets introductions pass and answers the rest in its stead."""
    app = net.wire.apps[code]

    def on_the_road(environ: Any, start_response: Any) -> Any:
        raw = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(raw)
        if not raw or read_sealed(raw) is None:
            return app(environ, start_response)
        start_response("400 Bad Request", [])
        return [refusal_bytes(NotSealed.code, "not sealed")]

    net.wire.apps[code] = on_the_road
    try:
        yield
    finally:
        net.wire.apps[code] = app
