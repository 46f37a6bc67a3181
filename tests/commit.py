"""Which commit the rigs run on: each says it in its last line, so that a page can tell what was found on what."""

import subprocess
from pathlib import Path


def commit() -> str:
    """The abbreviated name of the commit that is checked out; empty where the tree is none of git's."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return said.stdout.strip()
