"""`python -m tests.fuzz.one NAME RUNS CORPUS`: fuzzes one target in this process; it dies where the target fails."""

import sys
import time
from contextlib import suppress

import atheris

_READ = ["sync_protocol", "village_node.verify_evidence", "village_node.uploads.child", "tests.fuzz.targets"]
with atheris.instrument_imports(include=_READ):
    from tests.fuzz.targets import BY_NAME

LONGEST_S = 1.0  # of processor time for one input
MEMORY_MB = 256  # of the whole process


class TooSlow(Exception):
    """An input kept the processor too long."""


def main(arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process, with 0 only if nothing was found."""
    name, runs, corpus = arguments
    target = BY_NAME[name]

    def try_one(raw: bytes) -> None:
        began = time.process_time()
        with suppress(*target.refuses_with):
            target.read(raw)
        took = time.process_time() - began
        if took > LONGEST_S:
            raise TooSlow(f"{took:.1f} s of processor time")

    limits = [f"-rss_limit_mb={MEMORY_MB}", "-timeout=60", "-max_len=8192", "-print_final_stats=1", "-seed=1"]
    atheris.Setup(["fuzz", f"-runs={runs}", f"-artifact_prefix={corpus}/found-", *limits, corpus], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
