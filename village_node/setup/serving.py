"""Where the pages of a set-up are served, and until when: on this machine, on its network only where that was asked."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

from village_node import app
from village_node.config import BadSettings, Config
from village_node.joining import ANSWERED_S
from village_node.setup.pages import Pages
from village_node.setup.wizard import Wizard

LOOPBACK: Final = "127.0.0.1"
FOUND_OUT: Final = "auto"
_ELSEWHERE: Final = ("192.0.2.1", 9)  # RFC 5737: no machine has it, and nothing is sent there


def address_in_network(asked: str) -> str:
    """The address of this machine at which others reach it: the one that was asked for, or the one it would send from.
    Raises BadSettings."""
    if asked != FOUND_OUT:
        try:
            return str(ipaddress.ip_address(asked))
        except ValueError:
            raise BadSettings(f"--lan {asked!r}: write an address of this machine, as 192.168.1.10") from None
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            tried.connect(_ELSEWHERE)
            return str(tried.getsockname()[0])
    except OSError:
        raise BadSettings("--lan: this machine is in no network; write its address: --lan 192.168.1.10") from None


def hosts_of(lan: str) -> list[str]:
    """The addresses to listen on. `lan`: one in the network, or empty."""
    address = ipaddress.ip_address(lan) if lan else None
    if address is not None and address.is_unspecified:
        return [lan]  # of a container, that is: which addresses lead there is decided outside
    return [LOOPBACK] if address is None or address.is_loopback else [LOOPBACK, lan]


def urls_of(hosts: Sequence[str], port: int) -> list[str]:
    """The addresses of the first page."""
    shown = [LOOPBACK if ipaddress.ip_address(host).is_unspecified else host for host in hosts]
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/setup" for host in shown]


def serve(
    wizard: Wizard, hosts: Sequence[str], port: int, stop: threading.Event, on_ready: Callable[[], None]
) -> Config | None:
    """Serve the pages until the node is made and in: its settings; None where it was stopped before. Raises OSError for
    a taken port."""
    names = frozenset({*hosts, LOOPBACK, "localhost", "::1"})
    pages = Pages(wizard, names, lan=list(hosts) != [LOOPBACK])
    with app.served([app.Listener(pages.app, host, port, 4) for host in hosts], edge=""):
        on_ready()
        while not wizard.over.wait(0.2):
            if stop.is_set():
                wizard.over.set()  # the thread that asks ends with it
                return None
        stop.wait(ANSWERED_S)
    return wizard.chosen
