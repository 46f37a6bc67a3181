"""Every bound of the protocol, as in section 9 of PROTOCOL.md. Bytes unless the name says otherwise."""

MESSAGE = 1_048_576
SEALED_MESSAGE = 1_050_624  # what sealing may add to one, under whichever suite
UNPACKED = 4_194_304

HEADER = 4_096
INLINE_BODY = 2_048
BODY_APART = 24_576
ACTOR = 64
DEPS = 8
EXT_KEYS = 48

SEGMENT_EVENTS = 64
SEGMENT = 32_768

SEGMENTS_A_MESSAGE = 512
RECEIPTS_A_MESSAGE = 1_024
ANSWERS_A_MESSAGE = 1_024
VECTOR_ENTRIES = 20_000
WANTS = 256
ROSTER_CHANGES_A_MESSAGE = 1_024
LINES_A_MESSAGE = 256

ROSTER_CHANGE = 65_536
ROSTER_OPS = 999
ROSTER_SIGNATURES = 16
ROOT_KEYS = 16
ROSTER_FORK = 131_136  # a proof: two changes and what holds them together
RULED_CHANGES = 1_024  # that stand by one ruling
TRAIL = 64  # pairs of a trail
ROSTER_PROOFS_A_MESSAGE = 2  # so that they leave room for the changes
NEWCOMERS = 64  # requests to be enrolled that wait for a person's word
NEWCOMERS_A_PLACE = 4
NEWCOMERS_A_MINUTE = 6
NEWCOMERS_MS = 7 * 86_400_000
NEW_LIVES = 8  # of one place countersigned within NEW_LIVES_MS without a person's word
NEW_LIVES_MS = 8 * 86_400_000

FORK_PROOF = 4_608
FORK_ARMS = 8  # proven arms kept of one stream
FORK_ROWS_A_MESSAGE = 16  # each of probes, marks, arms, proofs; of the roster's forks, splits and trails

REVOKED_STREAMS = 1_000
SUCCESSIONS = 16  # of places, one after the other

STAGED_SEGMENTS = 256
STAGED = 4_194_304

FRAME_FIRST = 16_384
FRAME_LARGEST = 262_144

BUNDLE_HEAD = 1_048_576
BUNDLE_PARTS = 1_024
BUNDLE_RECIPIENTS = 16
BUNDLE_CHUNK = 1_048_576
EVENT_PART = 4_194_304
BLOB_PART = 67_108_864
BLOB_RECORD = 65_792  # a chunk of a file in a part, encoded
BUNDLE_BLOB_WANTS = 4_096  # in all slices of one bundle
SLICE_EVENTS = 1_000

EVIDENCE = 67_108_864

RELEASE = 262_144  # the file that names the packages
RELEASE_PACKAGES = 256
RELEASE_PACKAGE = 268_435_456
RELEASE_TEXT = 128  # characters of a version or a name

BLOB = 10_485_760  # a file, as it is
BLOB_CHUNK = 65_536  # of it: the unit that is verified
BLOB_PREVIEW = 30_720
BLOB_ROOM = 1_024  # of pieces in a message without segments, whatever its budget is
BLOB_WANTS = 16
BLOB_PIECES = 64
BLOB_RECEIPTS = 128

INQUIRY = 256  # the body of a question
FINDING = 40_960  # the body of its answer: all its texts as long as they may be
INQUIRY_MESSAGE = 4_096  # a question as it travels
FINDING_MESSAGE = 43_008  # its answer as it travels
INQUIRY_NUMBER = 64  # characters of a receipt number
INQUIRY_TEXT = 500  # characters of each text that is told
INQUIRY_RIGHTS = 8
INQUIRY_HOPS = 8  # places that have looked
INQUIRY_MS = 10_000  # how long anybody waits

NESTING = 16
NESTING_EXT = 8  # a message wraps a header in five layers more than D(header) does
ERROR_CODE = 65_535
CLOCK_MS = 2**46  # beyond which no clock is what labels count from
INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
CLAIMED_MIN = -(2**62)  # so that its distance from any hlc is an integer of section 2
KEY_MIN = -24
KEY_MAX = 23

INCARNATION = 16
NAME = 4  # of an incarnation that the reader's roster has: its first bytes
CASE_ID = 16
SALT = 16
MARK = 8
HASH = 32
