"""The second reader of questions and answers, written from section 7.11 of sync_protocol/PROTOCOL.md and what it names.

`python -m tests.inquiry_reader FILE.json ...` exits 0 only when every question and answer in the files opens, verifies
and says what the files say.
"""

import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.bundle_reader import unsealed
from tests.sealed_reader import opened
from tests.second_reader import decode, digest, encode, need, unhex, verify

TEXTS, LONGEST = (str,) * 10, 500  # number to outcome
MOMENT = int | None


def read_inquiry(book: dict[str, Any], case: dict[str, Any]) -> None:
    """Open and verify one question and its answer."""
    seed, network = unhex(book["opening_seed"]), unhex(book["network_id"])
    public = X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    version, name, opening, box = decode(unhex(case["question"]), int, bytes, bytes, bytes)
    need(version == 4 and name == digest(public)[:4] and len(case["question"]) <= 2 * 4_096, "sealed otherwise")
    secret = unsealed(seed, encode(["sanji/1/ask", network, book["place"]]), opening)
    keys = {what: derived(secret, what, opening) for what in ("request", "reply", "nonce")}
    question = opened(keys["request"], keys["nonce"], b"", box)
    version, answer = decode(unhex(case["answer"]), int, bytes)
    need(version == 4 and len(case["answer"]) <= 2 * 43_008, "sealed otherwise")
    reply = opened(keys["reply"], keys["nonce"], box[:8], answer)
    need(asked(book, network, question) == case["asked"], "another question")
    told, places, end = answered(book, network, question, reply)
    need((told, places, end) == (case["told"], case["places"], case["end"]), "another answer")


def derived(secret: bytes, what: str, opening: bytes) -> bytes:
    """HKDF-SHA256 without a salt, 32 bytes."""
    info = encode(["sanji/1/ask", what, digest(opening)])
    return hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info + b"\1", "sha256")


def asked(book: dict[str, Any], network: bytes, question: bytes) -> list[Any]:
    """What the child asks, under its signature."""
    version, name, challenge, signature, body = decode(question, int, bytes, type(None), bytes, bytes)
    child, ancestor = unhex(book["child"][0]), unhex(book["ancestor"][0])
    need(version == 4 and name == child[:4] and challenge is None and len(body) <= 256, "no question")
    verify(unhex(book["child"][1]), b"ask" + network, encode([0, child, ancestor, None, digest(body)]), signature)
    number, code, language, patience = values = list(decode(body)[:4])
    need(number is None or (isinstance(number, str) and len(number) <= 64), "an unfit number")
    need(isinstance(code, str) and len(code) == 13, "no whole code")
    need(language in ("zh", "en") and type(patience) is int and 0 <= patience <= 10_000, "an unfit question")
    return values


def answered(book: dict[str, Any], network: bytes, question: bytes, reply: bytes) -> tuple[Any, list[str], int]:
    """What the ancestor says, under its signature over that very question."""
    version, signature, body = decode(reply, int, bytes, bytes)
    child, ancestor = unhex(book["child"][0]), unhex(book["ancestor"][0])
    need(version == 4 and len(body) <= 40_960, "no answer")
    payload = [1, ancestor, child, None, digest(body), digest(question)]
    verify(unhex(book["ancestor"][1]), b"ask" + network, encode(payload), signature)
    told, places, end = decode(body)[:3]
    fit = all(isinstance(place, str) and place.isascii() and place.replace("-", "").isalnum() for place in places)
    need(1 <= len(places) <= 8 and fit and end in range(4), "unfit places, or another end")
    if told is not None:
        kinds: tuple[Any, ...] = (*TEXTS, *(MOMENT,) * 5, list, int, bool)
        fit = all(isinstance(value, kind) for value, kind in zip(told, kinds, strict=False))
        need(len(told) >= 18 and fit, "unfit values")
        need(all(len(text) <= LONGEST for text in (*told[:10], *told[15])) and len(told[15]) <= 8, "too long")
        told = told[:18]
    return told, places, end


def main(paths: list[str]) -> int:
    """Read everything in each file; the first that is refused ends in an exception that says why."""
    for path in paths:
        book = json.loads(Path(path).read_text(encoding="utf-8"))
        for case in book["inquiries"]:
            read_inquiry(book, case)
        print(f"{path}: {len(book['inquiries'])} questions and answers read")
    return 0 if paths else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
