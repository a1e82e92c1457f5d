"""The room's pages, as a Starlette application: who asks, what for, and what is answered.

A learner is known by a token, in a cookie or after `Authorization: Bearer`. No address names a
learner, so that nobody can ask for another's results.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from packerlab import state
from packerlab.errors import PackerlabError, RejectedError
from packerlab.exports.starters import starter_zip
from packerlab.room.members import NotAdmittedError
from packerlab.room.news import CrowdedError
from packerlab.room.rates import Rate, neighbourhood
from packerlab.room.room import NotNowError
from packerlab.room.taking import Upload, workspace

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from packerlab.lab import Lab
    from packerlab.room.members import Member
    from packerlab.room.news import Listeners, Stream
    from packerlab.room.pages import Pages
    from packerlab.room.room import Room

HERE = Path(__file__).parent
LEARNER, DESK = "packerlab_room", "packerlab_desk"
"""The cookies: a learner's token, and the instructor's."""
WEEK_S = 7 * 24 * 3600
MOST_READ = 2
"""Uploads that are read at a time: an archive may take 256 MB to read."""
MOST_FILES = 100


class Handlers:
    """One method for each route. What is not async runs in a thread, for it reads the disk."""

    def __init__(self, room: Room, pages: Pages) -> None:
        self._room = room
        self._pages = pages
        self._reading = asyncio.Semaphore(MOST_READ)
        self._joins = Rate(60, 1)
        self._wrong_codes = Rate(10, 6)
        self._hand_ins = Rate(10, 6)

    def application(self, site: Path | None) -> Starlette:
        """All that a room answers; `site` is the course's built site."""
        routes = [
            Route("/", self.home),
            Route("/join", self.join, methods=["POST"]),
            Route("/back", self.back, methods=["POST"]),
            Route("/leave", self.leave, methods=["POST"]),
            Route("/desk/{key}", self.desk),
            Route("/wall", self.wall),
            Route("/news", self.news),
            Route("/labs/{lab}", self.lab),
            Route("/labs/{lab}", self.post, methods=["POST"]),
            Route("/labs/{lab}/starter.zip", self.starter),
            Route("/labs/{lab}/standing", self.standing),
            Route("/labs/{lab}/{file}", self.put, methods=["PUT"]),
            Route("/room.css", lambda _: FileResponse(HERE / "room.css")),
            Route("/room.js", lambda _: FileResponse(HERE / "room.js")),
            *([Mount("/site", StaticFiles(directory=site, html=True))] if site else []),
        ]
        handlers: dict[Any, Any] = {
            HTTPException: self.refuse,
            PackerlabError: self.fail,
            Exception: self.broke,
        }
        return Starlette(routes=routes, exception_handlers=handlers)

    # --- joining ----------------------------------------------------------------------------------

    def home(self, request: Request) -> Response:
        member = self._member(request)
        if member is None:
            return HTMLResponse(self._pages.join())
        standings = [self._room.standing(member, lab) for lab in self._room.labs.values()]
        return HTMLResponse(self._pages.labs(member, standings, _token(request)))

    async def join(self, request: Request) -> Response:
        client = _client(request)
        _within(self._wrong_codes.wait(client, count=False), "wrong codes from your network")
        _within(self._joins.wait(client), "people joined from your network")
        form = await request.form(max_files=0, max_fields=5)
        code = "".join(str(form.get("code", "")).lower().split())
        if not secrets.compare_digest(code.encode(errors="replace"), self._room.code.encode()):
            self._wrong_codes.wait(client)
            raise HTTPException(403, "that is not this room's code: it is on the wall.")
        try:
            token = await run_in_threadpool(self._room.members.join, str(form.get("name", "")))
        except NotAdmittedError as error:
            raise HTTPException(409, str(error)) from None
        return self._admitted(request, token)

    async def back(self, request: Request) -> Response:
        """A learner who has a token, in another browser."""
        form = await request.form(max_files=0, max_fields=5)
        token = str(form.get("token", "")).strip()
        if self._room.members.of(token) is None:
            raise HTTPException(403, "that is nobody's token in this room.")
        return self._admitted(request, token)

    def _admitted(self, request: Request, token: str) -> Response:
        if not _wants_page(request):
            return PlainTextResponse(f"{token}\n", 201)
        response = RedirectResponse("/", 303)
        _set(response, request, LEARNER, token)
        return response

    async def leave(self, _: Request) -> Response:
        response = RedirectResponse("/", 303)
        response.delete_cookie(LEARNER)
        return response

    async def desk(self, request: Request) -> Response:
        """The instructor's link, which becomes a cookie: the address bar is on the wall too."""
        key = request.path_params["key"]
        if not secrets.compare_digest(key.encode(), self._room.desk.encode()):
            raise HTTPException(404, "there is no such page.")
        response = RedirectResponse("/wall", 303)
        _set(response, request, DESK, key)
        return response

    # --- labs -------------------------------------------------------------------------------------

    def lab(self, request: Request) -> Response:
        member = self._known(request)
        standing = self._room.standing(member, self._lab(request))
        replaced = "replaced" in request.query_params
        return HTMLResponse(self._pages.lab(member, standing, _token(request), replaced=replaced))

    def starter(self, request: Request) -> Response:
        lab = self._lab(request)
        named = {"content-disposition": f'attachment; filename="{lab.slug}.zip"'}
        return Response(starter_zip(lab), media_type="application/zip", headers=named)

    def standing(self, request: Request) -> Response:
        """The same as the lab's page, for programs."""
        standing = self._room.standing(self._known(request), self._lab(request))
        report = msgspec.to_builtins(standing.report) if standing.report else None
        return JSONResponse({"lab": standing.lab.slug, "place": standing.place, "report": report})

    async def post(self, request: Request) -> Response:
        """A form: one archive, or a workspace's files."""
        member, lab = self._handing(request)
        if not _type(request).startswith("multipart/form-data"):
            raise HTTPException(
                415, "send a form: curl -F file=@work.zip; or the file itself, with PUT."
            )
        try:
            async with request.form(
                max_files=MOST_FILES, max_fields=5, max_part_size=1_000
            ) as form:
                uploads = [
                    Upload(part.filename or "", await part.read())
                    for _, part in form.multi_items()
                    if isinstance(part, UploadFile)
                ]
        except HTTPException as error:
            if error.status_code == 400:
                error.detail = f"this form can't be read: {error.detail}"
            raise
        return await self._taken(request, member, lab, uploads)

    async def put(self, request: Request) -> Response:
        """A file itself: curl --upload-file work.zip."""
        member, lab = self._handing(request)
        if _type(request).startswith(("multipart/", "application/x-www-form-urlencoded")):
            raise HTTPException(415, "PUT takes the file itself: curl --upload-file work.zip.")
        data = await request.body()
        return await self._taken(request, member, lab, [Upload(request.path_params["file"], data)])

    def _handing(self, request: Request) -> tuple[Member, Lab]:
        member, lab = self._known(request), self._lab(request)
        _within(self._hand_ins.wait(member.key), "hand-ins of yours")
        return member, lab

    async def _taken(
        self, request: Request, member: Member, lab: Lab, uploads: list[Upload]
    ) -> Response:
        try:
            async with self._reading:
                work = await run_in_threadpool(workspace, uploads, lab)
            replaced = await run_in_threadpool(self._room.take_in, member, lab, work)
        except RejectedError as error:
            raise HTTPException(422, str(error)) from None
        except NotNowError as error:
            raise HTTPException(429, str(error)) from None
        if _wants_page(request):
            query = "?replaced" if replaced else ""
            return RedirectResponse(f"/labs/{lab.slug}{query}", 303)
        told = [f"Taken in: {lab.title}."]
        if replaced:
            told.append("It takes the place of your last one, which was still waiting.")
        if work.passed_over:
            told.append(f"Passed over: {', '.join(work.passed_over)}.")
        return PlainTextResponse(f"{' '.join(told)}\n", 201)

    # --- the wall ---------------------------------------------------------------------------------

    def wall(self, request: Request) -> Response:
        if not (desk := self._is_desk(request)):
            self._known(request)
        return HTMLResponse(self._pages.wall(desk=desk))

    async def news(self, request: Request) -> Response:
        member = self._member(request)
        if member is None and not self._is_desk(request):
            raise HTTPException(401, _JOIN_FIRST)
        owner = member.key if member else DESK
        listener = "" if "wall" in request.query_params or member is None else member.key
        try:
            stream = self._room.listeners.open(listener, owner)
        except CrowdedError as error:
            raise HTTPException(429, str(error)) from None
        return _News(stream, self._room.listeners)

    # --- who asks, and what is refused ------------------------------------------------------------

    def _member(self, request: Request) -> Member | None:
        return self._room.members.of(_token(request))

    def _known(self, request: Request) -> Member:
        if member := self._member(request):
            return member
        raise HTTPException(401, _JOIN_FIRST)

    def _is_desk(self, request: Request) -> bool:
        given = request.cookies.get(DESK, "")
        return secrets.compare_digest(given.encode(errors="replace"), self._room.desk.encode())

    def _lab(self, request: Request) -> Lab:
        wanted = request.path_params["lab"]
        for slug, lab in self._room.labs.items():
            if wanted in (slug, lab.number):
                return lab
        raise HTTPException(404, "there is no such lab in this room.")

    async def refuse(self, request: Request, error: HTTPException) -> Response:
        """A sentence: as a page for people, as text for programs."""
        sentence = f"{error.detail[:1].upper()}{error.detail[1:]}"
        if not _wants_page(request):
            return PlainTextResponse(f"{sentence}\n", error.status_code, error.headers)
        return HTMLResponse(
            self._pages.refused(sentence), error.status_code, dict(error.headers or {})
        )

    async def fail(self, request: Request, error: PackerlabError) -> Response:
        return await self.refuse(request, HTTPException(500, str(error)))

    async def broke(self, request: Request, error: Exception) -> Response:
        """A mistake of ours: the traceback goes into a log, which the instructor is shown."""
        path = state.state_folder() / "log" / f"{time.strftime('%Y%m%d-%H%M%S')}-room.txt"
        state.write_atomically(path, "".join(traceback.format_exception(error)).encode())
        print(f"error: a request broke ({error!r}); please report it with {path}", file=sys.stderr)
        return await self.refuse(request, HTTPException(500, "something of ours broke."))


class _News(StreamingResponse):
    """A stream of news, which is counted until it ends, however that comes about."""

    def __init__(self, stream: Stream, listeners: Listeners) -> None:
        super().__init__(stream.lines(), media_type="text/event-stream")
        self._stream = stream
        self._listeners = listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listeners.close(self._stream)


_JOIN_FIRST = "join the room first."


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.cookies.get(LEARNER, "")


def _set(response: Response, request: Request, cookie: str, value: str) -> None:
    """No script reads it, no other site's page sends it, and no network sees it under TLS."""
    secure = request.url.scheme == "https"
    response.set_cookie(
        cookie, value, max_age=WEEK_S, secure=secure, httponly=True, samesite="strict"
    )


def _client(request: Request) -> str:
    return neighbourhood(request.client.host if request.client else "")


def _within(wait_s: int, what: str) -> None:
    if wait_s:
        raise HTTPException(
            429, f"too many {what}: try again in {wait_s} s.", {"retry-after": str(wait_s)}
        )


def _type(request: Request) -> str:
    return request.headers.get("content-type", "").lower()


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
