"""Webhooks: where a node sends news of cases to, registered by people and signed with a secret that each of them has.

Messages follow the convention of Standard Webhooks: the receiver checks `webhook-signature` with the secret that it
was given once. A node sends to hosts alone that its settings name: an address typed at a page opens no way out.
"""

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Collection, Iterable
from typing import Final
from urllib.parse import urlsplit

from sync_protocol.case.workflow import STATES
from sync_protocol.suites import NONCE_BYTES, NotOpened, decrypt, encrypt
from village_node.identity import NoIdentity
from village_node.store.audit import Line
from village_node.store.webhooks import WebhookRow, WebhookRows

# What may be told: every state that a case with a receipt number comes into.
TOLD: Final = tuple(code for code in STATES if code not in ("draft", "prereview"))
SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
NAME_LONGEST: Final = 60
URL_LONGEST: Final = 300
LIVING_MOST: Final = 16  # each has a thread while it lives
_ABOUT: Final = b"sanji/webhook/1"
_PORTS: Final = {"http": 80, "https": 443}


class WebhookTrouble(Exception):
    """A webhook cannot be used as asked; ``zh`` and ``en`` say what to do, ``field`` which field is meant, if any."""

    def __init__(self, zh: str, en: str, field: str = "") -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.field = field


class Webhooks:
    """Registers and ends webhooks, and opens their secrets to sign. Clock (ms) and randomness are handed in, and
    ``key``: what the secrets are encrypted under, as for second factors (see Factors). ``hosts``: to which may be sent,
    each ``host`` or ``host:port`` for https, or with ``http://`` before it for http too."""

    def __init__(
        self,
        rows: WebhookRows,
        hosts: Collection[str],
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        key: Callable[[bool], bytes],
    ) -> None:
        self.rows = rows
        self.hosts = tuple(hosts)
        self._clock = clock
        self._randomness = randomness
        self._key = key

    def register(self, name: str, url: str, states: Iterable[str], item_no: str, place: str, by: str) -> str:
        """Keep a new webhook and return its secret, which is not to be had again. ``item_no`` and ``place`` empty: any.

        Raises WebhookTrouble, NotSaved.
        """
        called = unicodedata.normalize("NFKC", name).strip()
        if not 0 < len(called) <= NAME_LONGEST or not called.isprintable():
            raise WebhookTrouble(f"名称应为 1 到 {NAME_LONGEST} 个字。", f"1 to {NAME_LONGEST} characters.", "name")
        address = url.strip()
        self.check(address)
        chosen = [code for code in TOLD if code in set(states)]
        if not chosen:
            raise WebhookTrouble("请至少选一种消息。", "Choose at least one kind of news.", "states")
        secret, now = self._randomness(SECRET_BYTES), self._clock()
        row = WebhookRow(
            0, called, address, self._sealed(secret), " ".join(chosen), item_no or None, place or None, by, now
        )
        told = Line(now, by, "webhook.make", called, {
            "url": address.partition("?")[0], "states": chosen, "item_no": item_no, "place": place
        })  # fmt: skip
        if not self.rows.add(row, LIVING_MOST, told):
            raise WebhookTrouble(
                f"最多 {LIVING_MOST} 个在用，请先停用一个。", f"At most {LIVING_MOST} may be in use: end one first."
            )
        return SECRET_PREFIX + base64.b64encode(secret).decode("ascii")

    def end(self, number: int, by: str) -> bool:
        """End one now; False if there is none of this number that lives."""
        now = self._clock()
        return self.rows.end(number, now, Line(now, by, "webhook.end", str(number), {}))

    def resend(self, number: int, by: str) -> bool:
        """Have what waits tried at once; False if there is none of this number that lives."""
        return self.rows.resend(number, Line(self._clock(), by, "webhook.resend", str(number), {}))

    def check(self, url: str) -> None:
        """Raises WebhookTrouble for an address that is none, or to which this node may not send."""
        if not 0 < len(url) <= URL_LONGEST or not url.isascii() or not url.isprintable() or " " in url:
            raise WebhookTrouble(
                f"请填写对方系统的地址，不超过 {URL_LONGEST} 个字符，不含空格和汉字。",
                f"Give the address of the other system: at most {URL_LONGEST} characters, ASCII, no blanks.",
                "url",
            )
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            host, port = "", 0
        reached = host and port and parts.scheme in _PORTS
        if not reached or parts.username is not None or parts.password is not None or parts.fragment:
            raise WebhookTrouble(
                "地址应以 https:// 开头，如 https://oa.example.gov.cn/sanji，不带用户名、密码和 #。",
                "The address begins with https://, as in https://oa.example.gov.cn/sanji, without a user or #.",
                "url",
            )
        if not self._allows(parts.scheme, host, port):
            raise WebhookTrouble(*_not_named(parts.scheme, host, parts.port), "url")

    def _allows(self, scheme: str, host: str, port: int) -> bool:
        """Whether the settings name this host: with the port, or without one for the usual port of the scheme."""
        shown = f"[{host}]" if ":" in host else host
        names = {f"{shown}:{port}", *([shown] if port == _PORTS[scheme] else [])}
        clear = {name.lower().removeprefix("http://") for name in self.hosts if name.lower().startswith("http://")}
        secure = {name.lower().removeprefix("https://") for name in self.hosts} - {""}
        return not names.isdisjoint(clear if scheme == "http" else clear | secure)

    def secret_of(self, row: WebhookRow) -> bytes:
        """The secret by which a webhook's messages are signed. Raises WebhookTrouble where it is not to be had."""
        try:
            return decrypt(self._own_key(in_use=True), row.secret[:NONCE_BYTES], _ABOUT, row.secret[NONCE_BYTES:])
        except NotOpened:
            raise _unreadable() from None

    def _sealed(self, secret: bytes) -> bytes:
        nonce = self._randomness(NONCE_BYTES)
        return nonce + encrypt(self._own_key(in_use=False), nonce, _ABOUT, secret)

    def _own_key(self, *, in_use: bool) -> bytes:
        """The key for secrets of webhooks: made from the one that is handed in, which encrypts other things itself."""
        try:
            return hmac.new(self._key(in_use), _ABOUT, hashlib.sha256).digest()
        except (OSError, NoIdentity, NotOpened):
            raise _unreadable() from None


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of a message, by Standard Webhooks; ``timestamp`` in s since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")


def _unreadable() -> WebhookTrouble:
    return WebhookTrouble(
        "密钥文件 files.key 读不出，无法签名；请从备份恢复它，恢复后自动续送。",
        "The key file files.key cannot be read, so nothing can be signed; restore it from the backup, and it goes on.",
    )


def _not_named(scheme: str, host: str, port: int | None) -> tuple[str, str]:
    """What is to be written into the settings so that the node may send there."""
    shown = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    entry = f"http://{shown}" if scheme == "http" else shown
    return (
        f'本机设置没有允许发往 {shown}。请系统管理员在 node.toml 的 webhook_hosts 里加上 "{entry}"，重启后再试。',
        f'The settings of this node do not allow to send to {shown}. Have "{entry}" added to webhook_hosts in '
        "node.toml, start the node again, and try once more.",
    )
