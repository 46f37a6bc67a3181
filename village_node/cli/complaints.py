"""What a command ends with where a person has to mend something, in words and not as a traceback."""

from sync_protocol.errors import ProtocolError
from village_node import app, config, control, identity, keyring, releases
from village_node.accounts import StaffTrouble
from village_node.setup import BadPlan
from village_node.store import StoreError

# What a person at the keyboard can mend; everything else is a fault of the program and shows its traceback.
COMPLAINTS = (
    config.BadSettings,
    identity.NoIdentity,
    keyring.NoPassphrase,
    control.CommandRefused,
    control.AlreadyRunning,
    app.AnotherWorker,
    releases.NoRelease,
    ProtocolError,
    StaffTrouble,
    StoreError,
    BadPlan,
    OSError,
)
