"""The QR code of a receipt: the address under which a telephone finds the case, drawn as part of the page."""

import io

import segno
from markupsafe import Markup


def qr(address: str, words: str) -> Markup:
    """A drawing of the address with `words` for those who cannot see it."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=3, svgclass=None, lineclass=None
    )
    picture = Markup(drawn.getvalue().decode("utf-8").strip())  # drawn by the library from our own address: paths alone
    return Markup('<div class="qr" role="img" aria-label="{}">{}</div>').format(words, picture)
