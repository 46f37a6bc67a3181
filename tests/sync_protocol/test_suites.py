"""Suite 1 signs what section 2.3 says, for one label and one network, and refuses keys that anyone could use."""

import hashlib
import hmac

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import BadSignature, Malformed, WeakKey
from sync_protocol.suites import S1, SigningKey, check_public, mac, macs_equal, sha256, verify

KEY = SigningKey.from_seed(S1, bytes(range(32)))
OTHER = SigningKey.from_seed(S1, bytes(32))
NETWORK = bytes(range(32))
P = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826


def test_a_signature_is_a_cose_sign1_with_a_detached_payload():
    signature = KEY.sign("seal", NETWORK, b"payload")
    signed = cbor2.dumps(["Signature1", b"", b"sanji/1/seal" + NETWORK, b"payload"])
    assert signature == Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(signed)
    verify(S1, KEY.public, "seal", NETWORK, b"payload", signature)


def test_an_enrolment_is_signed_before_the_network_is_known():
    signature = KEY.sign("enrol", None, b"payload")
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(
        signature, cbor2.dumps(["Signature1", b"", b"sanji/1/enrol", b"payload"])
    )


@pytest.mark.parametrize(
    ("public", "label", "network", "payload"),
    [
        (OTHER.public, "seal", NETWORK, b"payload"),
        (KEY.public, "receipt", NETWORK, b"payload"),
        (KEY.public, "seal", bytes(32), b"payload"),
        (KEY.public, "seal", NETWORK, b"payloae"),
        (KEY.public, "enrol", None, b"payload"),
    ],
)
def test_a_signature_holds_for_its_key_label_network_and_payload_only(public, label, network, payload):
    signature = KEY.sign("seal", NETWORK, b"payload")
    with pytest.raises(BadSignature):
        verify(S1, public, label, network, payload, signature)


@given(st.integers(0, 511))
def test_a_signature_with_one_bit_changed_is_refused(bit: int):
    signature = bytearray(KEY.sign("seal", NETWORK, b"payload"))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadSignature):
        verify(S1, KEY.public, "seal", NETWORK, b"payload", bytes(signature))


@pytest.mark.parametrize(
    ("suite", "public", "length"), [(2, KEY.public, 64), (0, KEY.public, 64), (1, b"", 64), (1, KEY.public, 63)]
)
def test_another_suite_or_length_is_refused(suite: int, public: bytes, length: int):
    with pytest.raises(BadSignature):
        verify(suite, public, "seal", NETWORK, b"payload", KEY.sign("seal", NETWORK, b"payload")[:length])


def test_only_the_labels_of_the_text_can_be_signed():
    for label, network in (("manifest", NETWORK), ("enrol", NETWORK), ("seal", None)):
        with pytest.raises(ValueError, match="label"):
            KEY.sign(label, network, b"")


@given(st.binary(min_size=32, max_size=32))
def test_a_key_that_was_made_properly_is_never_called_weak(seed: bytes):
    check_public(S1, SigningKey.from_seed(S1, seed).public)


@pytest.mark.parametrize("y", [0, 1, P - 1, ORDER_8, P - ORDER_8, P, P + 1, P + 2, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_of_small_order_or_in_another_encoding_is_weak(y: int, sign: int):
    with pytest.raises(WeakKey):
        check_public(S1, (y | sign << 255).to_bytes(32, "little"))


def test_the_points_called_weak_are_of_small_order():
    d = -121665 * pow(121666, -1, P) % P
    for y in (ORDER_8, P - ORDER_8, 0, P - 1):
        x_squared = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
        x = pow(x_squared, (P + 3) // 8, P)
        if (x * x - x_squared) % P:
            x = x * pow(2, (P - 1) // 4, P) % P
        assert (x * x - x_squared) % P == 0
        for _ in range(3):
            t = d * x * x * y * y
            x, y = 2 * x * y * pow(1 + t, -1, P) % P, (y * y + x * x) * pow(1 - t, -1, P) % P
        assert (x, y) == (0, 1)


def test_a_key_that_is_no_point_is_weak():
    with pytest.raises(WeakKey, match="not a point"):
        check_public(S1, (2).to_bytes(32, "little"))


def test_a_key_of_another_suite_or_length_is_malformed():
    for suite, public in ((2, KEY.public), (1, KEY.public[1:])):
        with pytest.raises(Malformed):
            check_public(suite, public)


def test_hash_and_mac_are_the_standard_ones():
    assert sha256(b"x") == hashlib.sha256(b"x").digest()
    assert mac(b"key", b"x") == hmac.new(b"key", b"x", "sha256").digest()[:16]
    assert macs_equal(b"same", b"same")
    assert not macs_equal(b"same", b"sane")


def test_a_key_does_not_show_its_secret():
    assert bytes(range(32)).hex() not in repr(KEY)
    assert KEY.public.hex()[:16] in repr(KEY)


@pytest.mark.parametrize(("suite", "seed"), [(2, bytes(32)), (1, bytes(31)), (1, bytes(33))])
def test_a_key_is_made_of_32_bytes_and_a_suite_that_is_known(suite: int, seed: bytes):
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.from_seed(suite, seed)
