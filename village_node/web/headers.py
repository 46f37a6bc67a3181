"""The headers every answer carries: what a browser may load, keep, frame and tell others."""

from typing import Final

from werkzeug.wrappers import Response

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
ALWAYS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
TLS_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000"}


# Swagger UI draws its arrows from addresses that hold the drawing itself; so is a page of a paper shown, which is to
# have no address of its own. Nothing else differs.
PICTURES_POLICY: Final = CONTENT_POLICY.replace("img-src 'self' blob:", "img-src 'self' blob: data:")


# A file that somebody handed in is saved, and whatever opens it all the same may do nothing.
FILE_POLICY: Final = "sandbox; default-src 'none'"


def harden(response: Response, *, tls: bool, policy: str = CONTENT_POLICY) -> Response:
    """Set the headers. Whatever does not say how long it may be kept is not kept at all."""
    for name, value in (ALWAYS | (TLS_ONLY if tls else {})).items():
        response.headers[name] = value
    response.headers["Content-Security-Policy"] = policy
    response.headers.setdefault("Cache-Control", "no-store")
    return response
