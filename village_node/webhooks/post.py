"""One message to a receiver: to the address as it was registered, within bounds of time and of what is read."""

from contextlib import suppress

import requests
import urllib3

from village_node.uplink import road

CONNECT_S, READ_S, TOTAL_S = 5.0, 10.0, 20.0
READ_MOST = 4096  # of the answer, whose status says all
GONE = 410
_CHUNK = 1024
_DOWN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class NotTaken(Exception):
    """The receiver has not taken a message, as far as one can tell; the text says why. ``gone``: it wants none."""

    def __init__(self, text: str, *, gone: bool = False) -> None:
        """``text``: one sentence, Chinese first."""
        super().__init__(text)
        self.gone = gone


def post(session: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> None:
    """Send one message. Raises NotTaken unless the answer is a 2xx, which alone says that it was taken."""
    with road.deadline(session, TOTAL_S) as expired:
        try:
            response = session.post(
                url, data=body, headers=headers, timeout=(CONNECT_S, READ_S), allow_redirects=False, stream=True
            )
        except _DOWN as problem:
            if expired.is_set():
                raise NotTaken(f"{TOTAL_S:g} 秒内没有答复 / no answer within {TOTAL_S:g} s") from None
            raise NotTaken(_plain(problem)) from None
        try:
            with suppress(*_DOWN):  # read to its end, the connection is used again
                _read(response)
        finally:
            response.close()
    status = response.status_code
    if status == GONE:
        raise NotTaken("对方答复不再接收（410） / the receiver wants no more (410)", gone=True)
    if 300 <= status < 400:
        raise NotTaken(
            f"对方要求转到别处（{status}），没有跟去；请按新地址重新登记"
            f" / a redirect ({status}) was not followed: register the new address"
        )
    if not 200 <= status < 300:
        raise NotTaken(f"对方没有接收（答复 {status}） / the receiver did not take it (status {status})")


def _read(response: requests.Response) -> None:
    left = READ_MOST
    while left > 0 and (part := response.raw.read(min(_CHUNK, left), decode_content=False)):
        left -= len(part)


def _plain(problem: Exception) -> str:
    """What went wrong on the way, in one sentence."""
    if isinstance(problem, requests.ConnectTimeout):
        return "连接对方超时 / the receiver could not be reached in time"
    if isinstance(problem, requests.exceptions.SSLError):
        return "无法确认对方的证书 / the receiver's certificate was not accepted"
    if isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "等待对方答复超时 / the receiver did not answer in time"
    if road.never_came_about(problem):
        return "连不上对方 / the receiver could not be reached"
    return "连接中断，没有收到答复 / the line broke before there was an answer"
