"""What stands in place of the keys in a story refuses what they refuse, however often it has seen what is good."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.simulation.verified import LONGEST, RememberingKey


def test_only_the_very_bytes_that_were_signed_are_good_again() -> None:
    signer = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = RememberingKey(signer.public_key().public_bytes_raw())
    for signed in (b"seal", bytes(LONGEST + 1)):
        signature = signer.sign(signed)
        for _ in range(2):
            key.verify(signature, signed)
            for wrong in ((signature, signed + b" "), (bytes([signature[0] ^ 1]) + signature[1:], signed)):
                with pytest.raises(InvalidSignature):
                    key.verify(*wrong)
