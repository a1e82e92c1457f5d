"""hooks.example.com: a stranger's web hook beside the account, which keeps what it is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from packerlab.inside.endpoint import HttpResponse

if TYPE_CHECKING:
    from packerlab.inside.endpoint import HttpRequest

    from .account import Account

HOST = "hooks.example.com"
TEXT = {"Content-Type": "text/plain"}
MOST_POSTS = 100
MOST_TEXT = 4_096
"""Of one post, in characters of its path and in bytes of its body."""


class Hook:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._began = time.monotonic()
        self.posts: list[dict[str, Any]] = []

    def answer(self, call: HttpRequest) -> HttpResponse:
        """As the lab says; what is posted is kept, whatever the answer."""
        manners = self._account.state.get("hook", {})
        with self._account.one_at_a_time():
            if call.method == "POST" and len(self.posts) < MOST_POSTS:
                self.posts.append(
                    {
                        "path": call.path[:MOST_TEXT],
                        "body": call.body[:MOST_TEXT].decode("utf-8", "replace"),
                        "seconds": round(time.monotonic() - self._began, 3),
                    }
                )
            self._account.wait(manners.get("delay_s", 0))
        status = manners.get("status", 200)
        return HttpResponse(status, b"" if status >= 400 else b"ok\n", TEXT)
