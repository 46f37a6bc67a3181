"""`python -m tests.sync_protocol.vector_makers` writes the files that are committed."""

from tests.sync_protocol.vector_makers.files import FOLDER, MAKERS, text

for name, make in MAKERS.items():
    (FOLDER / name).write_text(text(make()), encoding="utf-8")
