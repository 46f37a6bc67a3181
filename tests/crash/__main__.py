"""`python -m tests.crash [--states N] [--kills N]`: planted defects first, then power cuts, then kills; `make crash`.

One line for each control and scenario goes to standard error; the last line, on standard output, sums up as one JSON
object. The exit code is 0 only if every planted defect was found and nothing else was.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.commit import commit
from tests.crash import kills, recording
from tests.crash.power import Rig, controls, power_cuts, say
from tests.crash.scenarios import ALL


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--states", type=int, default=10_000, help="crashed disks (default 10,000; 0: none)")
    parser.add_argument("--kills", type=int, default=200, help="processes killed with SIGKILL (default 200; 0: none)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", action="append", choices=list(ALL), help="only this one (may be repeated)")
    parser.add_argument("--keep", type=Path, help="leave the disks that show a fault in this folder")
    chosen = parser.parse_args(arguments)
    summary: dict[str, Any] = {"seed": chosen.seed, "commit": commit()}
    wrong: list[str] = []
    if chosen.states:
        trouble = recording.trouble()
        if trouble:
            parser.error(f"no file system can be mounted here: {trouble}")
        with tempfile.TemporaryDirectory(prefix="sanji-crash-") as folder:
            rig = Rig(Path(folder), chosen.seed, chosen.keep)
            try:
                summary["planted"], missed = controls(rig)
                wrong += [f"the planted defect {name} was not found" for name in missed]
                if not missed:
                    summary["power_cuts"] = power_cuts(rig, chosen.scenario or list(ALL), chosen.states)
                    wrong += ["a power cut did harm"] * bool(summary["power_cuts"]["faults"])
            finally:
                rig.close()
    if chosen.kills and not wrong:
        summary["kills"] = kills.run(chosen.kills, chosen.seed, say)
        wrong += summary["kills"]["wrong"]
    for words in wrong:
        say(words)
    print(json.dumps({**summary, "ok": not wrong}, ensure_ascii=False), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
