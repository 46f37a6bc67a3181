"""`python -m tests.crash.acting SCENARIO DISK BESIDE SEED PLANT`: play one scenario, and end as a power cut ends it."""

import os
import sys
from pathlib import Path

from tests.crash import controls, scenarios
from tests.crash.stage import Stage


def main(scenario: str, disk: str, beside: str, seed: str, plant: str) -> None:
    """Plant the defect, where one is named, and act."""
    if plant:
        controls.PLANTS[plant].plant()
    scenarios.ALL[scenario].act(Stage(Path(disk), Path(beside), int(seed)))
    sys.stdout.flush()
    os._exit(0)  # nothing is closed


if __name__ == "__main__":
    main(*sys.argv[1:])
