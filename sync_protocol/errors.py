"""Every way the protocol says no.

Each error has a code that never changes, a name, whose fault it is, and whether the same bytes may succeed later:

    ProtocolError
      sender's fault    Malformed TooLarge BadSeal BadCommitment ScopeNotAllowed ScopeNotFollowed Fork BadSignature
                        UnknownNode NotAChild BadRoster RosterRollback BadReceipt WeakKey NotEntitled
                        TooManyLives Revoked Declined NotSealed
      nobody's fault    UnknownIncarnation Gap RosterForked (what is missing may still come)
      receiver's fault  NeedsUpdate Busy StagingFull
      both              NoSuchVersion

The table is section 10 of PROTOCOL.md; a test holds the two together.
"""

from typing import ClassVar, Literal

Fault = Literal["sender", "receiver", "nobody", "both"]


class ProtocolError(Exception):
    """A refusal with a code of its own. `str(error)` is the detail: which field, and what to do about it."""

    code: ClassVar[int]
    name: ClassVar[str]
    fault: ClassVar[Fault] = "sender"
    retry: ClassVar[bool] = False


class Malformed(ProtocolError):
    """Not the encoding or the shape of sections 2 to 8."""

    code, name = 1, "malformed"


class TooLarge(ProtocolError):
    """Beyond a limit of section 9."""

    code, name = 2, "too_large"


class BadSeal(ProtocolError):
    """The seal does not verify."""

    code, name = 3, "bad_seal"


class BadCommitment(ProtocolError):
    """A body does not fit its commitment."""

    code, name = 4, "bad_commitment"


class ScopeNotAllowed(ProtocolError):
    """The author does not cover the scope."""

    code, name = 5, "scope_not_allowed"


class ScopeNotFollowed(ProtocolError):
    """The receiver does not follow the scope."""

    code, name = 6, "scope_not_followed"


class Fork(ProtocolError):
    """Another event is held at this position."""

    code, name = 7, "fork"


class UnknownIncarnation(ProtocolError):
    """The author or the place of the scope is not in the roster here."""

    code, name, fault, retry = 8, "unknown_incarnation", "nobody", True


class Gap(ProtocolError):
    """Positions before it are missing."""

    code, name, fault, retry = 9, "gap", "nobody", True


class BadSignature(ProtocolError):
    """A message, receipt or request is not signed by whom it names."""

    code, name = 10, "bad_signature"


class UnknownNode(ProtocolError):
    """The requester is not in the roster here."""

    code, name, retry = 11, "unknown_node", True


class NotAChild(ProtocolError):
    """The requester's place does not lie under the receiver's."""

    code, name = 12, "not_a_child"


class BadRoster(ProtocolError):
    """A roster change does not verify."""

    code, name = 13, "bad_roster"


class RosterRollback(ProtocolError):
    """Another roster change is held at this number."""

    code, name = 14, "roster_rollback"


class NeedsUpdate(ProtocolError):
    """A newer version of this program is needed."""

    code, name, fault, retry = 15, "needs_update", "receiver", True


class Busy(ProtocolError):
    """Too many at once; see Retry-After."""

    code, name, fault, retry = 16, "busy", "receiver", True


class BadReceipt(ProtocolError):
    """A receipt or a checkpoint line does not verify."""

    code, name = 17, "bad_receipt"


class WeakKey(ProtocolError):
    """A key of small order, or one that is no point of the curve."""

    code, name = 18, "weak_key"


class StagingFull(ProtocolError):
    """A parked segment had to make way."""

    code, name, fault, retry = 19, "staging_full", "receiver", True


class NotEntitled(ProtocolError):
    """The signer may not make this roster change or enrolment."""

    code, name = 20, "not_entitled"


class NoSuchVersion(ProtocolError):
    """No protocol version is known to both sides."""

    code, name, fault = 21, "no_such_version", "both"


class TooManyLives(ProtocolError):
    """The sender's place has begun so many new incarnations lately that no further one is countersigned for now."""

    code, name, retry = 22, "too_many_lives", True


class RosterForked(ProtocolError):
    """Two changes of this part bear one number: nothing is added behind it before the root has ruled."""

    code, name, fault, retry = 23, "roster_forked", "nobody", True


class Revoked(ProtocolError):
    """The sender was revoked: its place goes on under another machine, once that is enrolled."""

    code, name = 24, "revoked"


class Declined(ProtocolError):
    """The people of the place above have declined this request to be enrolled."""

    code, name = 25, "declined"


class NotSealed(ProtocolError):
    """A request that is not sealed and must be, or is sealed to a key or under a context that is not known here."""

    code, name, retry = 26, "not_sealed", True


BY_CODE: dict[int, type[ProtocolError]] = {error.code: error for error in ProtocolError.__subclasses__()}
