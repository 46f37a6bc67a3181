"""A table as a file that spreadsheet programs open."""

import csv
import io
from collections.abc import Iterable

from flask import make_response
from werkzeug.wrappers import Response


def as_file(lines: Iterable[Iterable[object]], name: str) -> Response:
    """The lines of a table, its heads first, as a CSV file to be saved under a name of ours."""
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    # The mark in front makes spreadsheet programs read it as UTF-8.
    response = make_response("\ufeff" + text.getvalue())
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
