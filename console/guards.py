"""Who may ask: this machine's own browser on the page itself, and where the page has a key, whoever was given it.

A strange name in the Host header is another site whose name was made to lead here, or a tunnel that was opened for
callbacks; a strange Origin is another site's script. The key keeps out the other people of this machine, who reach its
loopback address as well: it is in the address that the command prints, and from then on in a cookie.
"""

import secrets

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.web import is_here


def is_own(request: Request, *, page: bool) -> bool:
    """Whether the page itself asks, or a person by the address bar or a command line."""
    if page:  # a link on another site may lead to it, and to nothing else
        return is_here(f"//{request.host}")
    own_origin = request.headers.get("Origin") in (None, f"http://{request.host}")
    own_site = request.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    return is_here(f"//{request.host}") and own_origin and own_site


def has(key: str, request: Request) -> bool:
    """Whether the browser has been given the key."""
    return secrets.compare_digest(request.cookies.get(_cookie(request), "").encode(), key.encode())


def entered(key: str, request: Request) -> Response | None:
    """Takes the key out of the address into a cookie that no script can read; None where it is not the key."""
    if not secrets.compare_digest(request.args.get("key", "").encode(), key.encode()):
        return None
    answer = redirect("/", 303)
    answer.set_cookie(_cookie(request), key, httponly=True, samesite="Strict")
    return answer


def _cookie(request: Request) -> str:
    """Browsers keep cookies by host and not by port, and there may be a page for each environment."""
    return f"dropreel-{request.host.rpartition(':')[2]}"
