"""An authenticator, computed from RFC 4226 and RFC 6238 alone: what somebody's telephone shows at a moment."""

import base64
import hashlib
import hmac
import re
import struct
from html import unescape

STEP_MS = 30_000


def code_at(secret: bytes, now_ms: int, digits: int = 6) -> str:
    """The code of a moment (ms since 1970)."""
    mac = hmac.digest(secret, struct.pack(">Q", max(now_ms, 0) // STEP_MS), hashlib.sha1)
    offset = mac[19] & 15
    (number,) = struct.unpack(">I", mac[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**digits:0{digits}}"


def secret_of(letters: str) -> bytes:
    """The secret in letters as a page shows them."""
    return base64.b32decode(letters.replace(" ", ""))


def secret_in(page: str) -> bytes:
    """The secret that a page of setting up shows."""
    found = re.search(r'<p class="big-number number">([A-Z2-7 ]{39})</p>', page)
    assert found, page[:3000]
    return secret_of(found[1])


def recovery_codes_in(page: str) -> list[str]:
    """The recovery codes that a page shows."""
    found = re.search(r'<ol class="recovery-codes number">(.*?)</ol>', page)
    assert found, page[:3000]
    return [unescape(each) for each in re.findall(r"<li>([^<]+)</li>", found[1])]
