"""How an uplink shall behave: who is above, how long to wait, how often to call."""

from dataclasses import dataclass, field

from village_node.config import Config
from village_node.uplink.road import Timeouts


@dataclass(frozen=True)
class Ancestor:
    """A place `steps_up` above ours and where it listens. `wait_url` is empty where waiting calls are not wanted."""

    url: str
    wait_url: str = ""
    steps_up: int = 1

    def __post_init__(self) -> None:
        """Refuse an address that is not HTTP. Raises ValueError naming it."""
        for address in (self.url, self.wait_url):
            if address and not address.startswith(("http://", "https://")):
                raise ValueError(f"address {address!r} of an ancestor: must begin with http:// or https://")


@dataclass(frozen=True)
class Settings:
    """Times in seconds. `ancestors`: the parent first, then the next ones up, asked while those below stay silent."""

    ancestors: tuple[Ancestor, ...]
    timeouts: Timeouts = field(default=Timeouts(10.0, 60.0, 300.0))
    sync_every_s: float = 60.0
    ancestor_after_s: float = 3600.0
    receipts_after_s: float = 0.5  # receipts alone gather for so long before they travel
    refused_again_s: float = 600.0  # events the ancestor refused or parked are offered again after so long
    wait_s: float = 25.0
    software: str = ""

    @classmethod
    def from_config(cls, config: Config) -> "Settings":
        """The settings that a node's configuration asks for."""
        urls = ((config.parent_url, config.parent_wait_url), *((url, "") for url in config.ancestor_urls))
        return cls(
            ancestors=tuple(
                Ancestor(url.rstrip("/"), wait_url.rstrip("/"), steps)
                for steps, (url, wait_url) in enumerate(urls, start=1)
                if url
            ),
            timeouts=Timeouts(config.connect_timeout_s, config.read_timeout_s, config.exchange_deadline_s),
            sync_every_s=config.sync_every_s,
            ancestor_after_s=config.ancestor_after_s,
            wait_s=config.wait_s,
        )
