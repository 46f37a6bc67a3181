"""A process that plays one scenario, and ends as a power cut ends it."""

import os
import traceback
from pathlib import Path

from tests.crash import controls, scenarios
from tests.crash.stage import Stage


def act(scenario: str, disk: Path, beside: Path, seed: int, plant: str, said: Path) -> None:
    """Plant the defect, where one is named, and act. Ends this process; what it says goes to `said`."""
    ended_with = 1
    with said.open("w", encoding="utf-8") as words:
        os.dup2(words.fileno(), 1)
        os.dup2(words.fileno(), 2)
        try:
            if plant:
                controls.PLANTS[plant].plant()
            scenarios.ALL[scenario].act(Stage(disk, beside, seed))
            ended_with = 0
        finally:
            if ended_with:
                traceback.print_exc(file=words)
                words.flush()
            os._exit(ended_with)  # nothing is closed
