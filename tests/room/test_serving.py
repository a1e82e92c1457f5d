"""A room as its learners and its attackers meet it: one server, over HTTP."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.course import Course
from packerlab.errors import MachineError
from packerlab.gradebook import open_gradebook, read_gradebook
from packerlab.room import listener, news
from packerlab.room.guard import MOST_BYTES
from packerlab.room.rates import Rate
from packerlab.room.room import Room
from packerlab.room.serving import Server
from tests.room.rooms import DEADLINE_S, ENDLESS, RIGHT, Served, packed, small_course
from tests.room.test_taking import HOSTILE
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from packerlab.executors import Bench

WRONG = "# nothing\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("room")
    with Served(small_course(folder / "course"), folder / "book", jobs=2) as room:
        yield room


@pytest.fixture
def patient(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The same room, which lets one learner hand in as fast as a test does."""
    monkeypatch.setattr(served.handlers, "_hand_ins", Rate(1000, 0.01))
    return served


# --- an honest learner ----------------------------------------------------------------------------


def test_from_the_starter_to_the_wall(served: Served) -> None:
    with served.learner("Ada Lovelace") as ada:
        starter = ada.client.get("/labs/101/starter.zip")
        assert starter.headers["content-disposition"] == 'attachment; filename="101_static.zip"'
        handed = ada.client.put("/labs/101/s.zip", content=starter.content)
        assert (handed.status_code, handed.text) == (201, "Taken in: 101 · Static.\n")
        assert ada.verdict()["score"] == 1
        assert ada.hand_in(RIGHT).status_code == 201
        report = ada.verdict()
        assert (report["score"], report["max_score"]) == (3, 3)
        wall = ada.client.get("/wall").text
        assert re.search(r"Ada Lovelace</bdi> passed 101 · Static", wall)
        page = ada.client.get("/labs/101_static", headers={"accept": "text/html"}).text
        assert "Passed: 3 of 3 points" in page
    (latest,) = (each for each in read_gradebook(served.out).latest() if each.run.name == ada.name)
    assert (latest.run.learner, latest.run.attempt) == ("Ada%20Lovelace", 2)
    at = dt.datetime.fromisoformat(latest.run.handed_in)
    assert abs(dt.datetime.now(dt.UTC) - at) < dt.timedelta(minutes=5)
    kept = read_gradebook(served.out).work(latest)
    assert kept
    assert kept.files["main.pkr.hcl"].data.decode() == RIGHT


def test_a_form_takes_a_workspace_s_files(served: Served) -> None:
    with served.learner("Ben") as ben:
        files = [("files", ("main.pkr.hcl", WRONG)), ("files", ("more.pkr.hcl", RIGHT))]
        page = {"accept": "text/html"}
        handed = ben.client.post("/labs/101", files=files, headers=page)
        assert (handed.status_code, handed.headers["location"]) == (303, "/labs/101_static")
        assert ben.verdict()["score"] == 3


def test_the_wall_says_nothing_of_who_has_not_passed(served: Served) -> None:
    with served.learner("Cleo") as cleo:
        cleo.hand_in(WRONG)
        assert cleo.verdict()["score"] < 3
        assert "Cleo" not in cleo.client.get("/wall").text
        served.room.wall._scores = True
        assert "<bdi>Cleo</bdi> 1/3" in cleo.client.get("/wall").text
        served.room.wall._scores = False


def test_a_passed_lab_stays_passed_on_the_wall(patient: Served) -> None:
    with patient.learner("Dora") as dora:
        for text in (RIGHT, WRONG):
            dora.hand_in(text)
            dora.verdict()
        assert "✓ <bdi>Dora</bdi>" in dora.client.get("/wall").text


def test_a_browser_keeps_its_learner(served: Served) -> None:
    page = {"accept": "text/html"}
    with served.client(headers=page) as client:
        joined = client.post("/join", data={"name": "Eve", "code": f" {served.room.code.upper()} "})
        cookie = joined.headers["set-cookie"]
        assert joined.status_code == 303
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Hello, <bdi>Eve</bdi>" in client.get("/").text
        token = client.cookies["packerlab_room"]
        client.post("/leave")
        assert "Join the room" in client.get("/").text
        client.post("/back", data={"token": token})
        assert "Hello, <bdi>Eve</bdi>" in client.get("/").text


def test_the_instructor_s_link_becomes_a_cookie(served: Served) -> None:
    with served.client() as client:
        assert client.get("/wall").status_code == 401
        assert client.get("/desk/guess").status_code == 404
        opened = client.get(f"/desk/{served.room.desk}")
        assert opened.headers["location"] == "/wall"
        assert served.room.code in client.get("/wall").text
    with served.learner("Finn") as finn:
        assert served.room.code not in finn.client.get("/wall").text


# --- fairness -------------------------------------------------------------------------------------


def test_an_endless_build_delays_others_by_its_deadline_at_most(tmp_path: Path) -> None:
    """With one job, and two hand-ins of one learner in the line first."""
    with (
        Served(small_course(tmp_path / "course"), tmp_path / "book") as served,
        served.learner("Mallory") as mallory,
        served.learner("Ada") as ada,
    ):
        mallory.hand_in(ENDLESS, "102")
        until(lambda: mallory.standing("102")["place"] == 0, "the one job is busy")
        mallory.hand_in(RIGHT)
        ada.hand_in(RIGHT)
        started = time.monotonic()
        assert ada.verdict()["score"] == 3
        waited = time.monotonic() - started
        assert mallory.standing("102")["report"] is None, "its second try comes after Ada's turn"
        assert waited < served.longest_turn(DEADLINE_S)
        assert mallory.verdict("102")["status"] == "timeout"


def test_a_newer_hand_in_replaces_the_one_that_waits(tmp_path: Path) -> None:
    with (
        Served(small_course(tmp_path / "course"), tmp_path / "book") as served,
        served.learner("Ada") as ada,
        served.learner("Ben") as ben,
    ):
        ben.hand_in(ENDLESS, "102")
        until(lambda: ben.standing("102")["place"] == 0, "the one job is busy")
        ada.hand_in(WRONG)
        answer = ada.hand_in(RIGHT)
        assert "takes the place of your last one" in answer.text
        assert ada.verdict()["score"] == 3
        assert len(list(tmp_path.glob("book/reports/*/Ada/*.json"))) == 1


# --- hostile ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_upload_is_refused_with_its_reason(patient: Served, case: str) -> None:
    name, data, said = HOSTILE[case]
    with mallory(patient) as client:
        files = {"file": (name, data)} if name else {}
        answer = client.post("/labs/101", files=files or {"file": ("", b"")})
        assert answer.status_code == 422
        assert re.search(said, answer.text, re.IGNORECASE)
        assert answer.text.count("\n") == 1
        assert not waiting_of(patient, "Mallory")


@contextlib.contextmanager
def mallory(served: Served) -> Iterator[httpx.Client]:
    """A member who is up to no good, the same one in every test."""
    members = served.room.members
    if not served.tokens.get("Mallory"):
        served.tokens["Mallory"] = members.join("Mallory")
    with served.client() as client:
        client.headers["authorization"] = f"Bearer {served.tokens['Mallory']}"
        yield client


def waiting_of(served: Served, learner: str) -> list[Path]:
    return list((served.out / "room" / "waiting").glob(f"*~{learner}.zip"))


REFUSED: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "too-large": ("PUT", "/labs/101/w.zip", {"content": b"x" * (MOST_BYTES + 1)}, 413, "8 MB"),
    "too-large-and-no-length": (
        "PUT", "/labs/101/w.zip", {"content": (b"x" * 1_000_000 for _ in range(9))}, 413, "8 MB"),
    "a-huge-name": ("POST", "/join", {"data": {"name": "x" * 10_000}}, 413, "too large"),
    "a-form-that-is-none": (
        "POST", "/labs/101", {"content": b"{}", "headers": {"content-type": "application/json"}},
        415, "send a form"),
    "a-broken-form": (
        "POST", "/labs/101",
        {"content": b"?", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        400, "form can't be read"),
    "a-form-put": ("PUT", "/labs/101/w.zip", {"files": {"file": ("a", b"x")}}, 415, "PUT takes"),
    "many-fields": (
        "POST", "/labs/101", {"data": {str(n): "x" for n in range(9)}, "files": {"f": ("a", b"")}},
        400, "many fields"),
    "many-files": (
        "POST", "/labs/101", {"files": [("f", ("a.sh", b"x")) for _ in range(101)]},
        400, "many files"),
    "no-such-lab": ("PUT", "/labs/999/w.zip", {"content": b"x"}, 404, "no such lab"),
    "a-path-out": ("GET", "/labs/..%2f..%2fetc%2fpasswd", {}, 404, ""),
    "a-path-out-as-a-name": ("PUT", "/labs/101/..%2f..%2fx.zip", {"content": b"x"}, 404, ""),
    "another-verb": ("DELETE", "/labs/101", {}, 405, "only knows"),
    "another-site-s-form": (
        "POST", "/labs/101", {"content": b"", "headers": {"origin": "http://evil.example"}},
        403, "another site"),
    "no-site-s-form": (
        "POST", "/labs/101", {"content": b"", "headers": {"origin": "null"}}, 403, "another site"),
    "a-site-nearby": (
        "POST", "/join", {"data": {}, "headers": {"sec-fetch-site": "same-site"}},
        403, "another site"),
    "another-name-for-us": (
        "GET", "/", {"headers": {"host": "evil.example"}}, 421, "not called that"),
    "a-name-that-begins-like-ours": (
        "GET", "/", {"headers": {"host": "127.0.0.1.evil.example"}}, 421, "not called that"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_request_is_refused_with_its_reason(patient: Served, case: str) -> None:
    method, path, options, status, said = REFUSED[case]
    with mallory(patient) as client:
        answer = client.request(method, path, **options)
        assert (answer.status_code, said.lower() in answer.text.lower()) == (status, True)
        assert "Traceback" not in answer.text
    assert not waiting_of(patient, "Mallory")


def test_another_learner_s_results_have_no_address(served: Served) -> None:
    with served.learner("Gil") as gil, served.client() as stranger:
        gil.hand_in(WRONG)
        assert gil.verdict()["run"]["name"] == "Gil"
        with mallory(served) as client:
            assert client.get("/labs/101/standing").json()["report"] is None
        for path in ("/labs/101", "/labs/101/standing", "/wall", "/news"):
            for headers in (
                {},
                {"authorization": f"Bearer {'x' * 24}"},
                {"cookie": "packerlab_room=Gil"},
            ):
                answer = stranger.get(path, headers=headers)
                assert (answer.status_code, answer.text) == (401, "Join the room first.\n")


def test_who_has_not_the_code_does_not_come_in(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.handlers, "_wrong_codes", Rate(10, 60))
    with served.client() as client:
        for _ in range(10):
            answer = client.post("/join", data={"name": "Zed", "code": "guess"})
            assert (answer.status_code, "on the wall" in answer.text) == (403, True)
        answer = client.post("/join", data={"name": "Zed", "code": served.room.code})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


def test_thousands_of_registrations_are_slowed_down_and_then_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def joins(count: int) -> list[int]:
        with served.client() as client:
            data = [{"name": f"Bot {n}", "code": served.room.code} for n in range(count)]
            return [client.post("/join", data=each).status_code for each in data]

    monkeypatch.setattr(served.handlers, "_joins", Rate(3, 60))
    assert joins(5) == [201] * 3 + [429] * 2
    monkeypatch.setattr(served.handlers, "_joins", Rate(1000, 0.01))
    monkeypatch.setattr(served.room.members, "_most", len(served.room.members.all()) + 2)
    assert joins(9)[-4:] == [409] * 4


def test_one_learner_hands_in_so_often_and_no_more(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.handlers, "_hand_ins", Rate(2, 60))
    with mallory(served) as client:
        answers = [client.put("/labs/101/w.zip", content=b"no") for _ in range(3)]
    assert [each.status_code for each in answers] == [422, 422, 429]
    assert "too many hand-ins of yours" in answers[2].text.lower()


def test_a_full_disk_takes_nothing_in(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packerlab.room.shelf.MIN_FREE", 10**18)
    with mallory(served) as client:
        answer = client.put("/labs/101/w.zip", content=packed({"main.pkr.hcl": RIGHT}))
    assert (answer.status_code, "disk is nearly full" in answer.text) == (429, True)


def test_every_answer_has_the_headers_that_keep_others_out(served: Served) -> None:
    with served.client() as client:
        for path in ("/", "/wall", "/room.css", "/nowhere", "/labs/101/starter.zip"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert "server" not in headers


# --- connections ----------------------------------------------------------------------------------


def raw(served: Served, data: bytes = b"") -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.sendall(data)
    return connection


def rest(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    found = b""
    with connection, contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found


def test_huge_headers_are_refused(served: Served) -> None:
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: " + b"x" * 100_000
    assert rest(raw(served, request))[:12] in {b"HTTP/1.1 400", b""}
    assert rest(raw(served, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400")
    assert rest(raw(served, b"\x16\x03\x01 hello")).startswith(b"HTTP/1.1 400")
    twice = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"
    assert b" 4" in rest(raw(served, twice))[:13]


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"PUT /labs/101/w.zip HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx",
    ],
)
def test_a_request_that_never_ends_is_cut_off(
    served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(listener.PromptProtocol, "receive_s", 0.3)
    rest(raw(served, begun))  # it returns at all


def test_one_client_has_so_many_connections_and_no_more(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.ExitStack() as stack:
        until(lambda: not served.open_connections(), "the other tests' connections end")
        monkeypatch.setattr(listener.Listener, "most_for_one", 3)
        for _ in range(3):
            stack.enter_context(raw(served))
        until(lambda: served.open_connections() == 3, "they are accepted")
        assert rest(raw(served)) == b""
    until(lambda: not served.open_connections(), "they are counted down again")
    with served.client() as client:
        assert client.get("/").status_code == 200


def test_news_come_to_those_whom_they_concern(served: Served) -> None:
    with served.learner("Hal") as hal, hal.client.stream("GET", "/news") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        with served.learner("Ian") as ian:
            ian.hand_in(RIGHT)
            hal.hand_in(RIGHT)
        assert next(line for line in lines if line.startswith("event")) == "event: news"


def test_streams_without_end_are_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "QUIET_S", 0.05)
    monkeypatch.setattr(news, "LONGEST_S", 4.0)
    with contextlib.ExitStack() as stack, mallory(served) as client:
        streams = [
            stack.enter_context(client.stream("GET", "/news")) for _ in range(news.MOST_FOR_ONE)
        ]
        answer = client.get("/news")
        assert (answer.status_code, "close a tab" in answer.text) == (429, True)
        assert [list(each.iter_lines())[-1] for each in streams]  # each ends by itself
    until(lambda: not served.room.listeners._streams, "they are counted down again")


# --- beside the labs ------------------------------------------------------------------------------


def test_the_built_site_is_handed_out_and_nothing_beside_it(tmp_path: Path) -> None:
    course, site = small_course(tmp_path / "course"), tmp_path / "site"
    (site / "beginner").mkdir(parents=True)
    (site / "beginner" / "101_static.html").write_text("<h1>Static</h1>")
    (site / "link.html").symlink_to(course / "labs" / "101_static" / "lab.toml")
    (tmp_path / "secret.html").write_text("secret")
    with Served(course, tmp_path / "book", site=site) as served, served.learner("Ada") as ada:
        page = ada.client.get("/labs/101", headers={"accept": "text/html"}).text
        (address,) = re.findall(r'href="(/site/beginner/.+?)"', page)
        answer = ada.client.get(address)
        assert answer.text == "<h1>Static</h1>"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        for path in ("..%2fsecret.html", "%2e%2e/secret.html", "link.html", "/etc/passwd", ""):
            assert ada.client.get(f"/site/{path}").status_code == 404


class Breaking:
    """A machine on which nothing can be graded any more."""

    sandbox = "bubblewrap"
    jobs = 2

    def lacks(self, _: str) -> str:
        return ""

    def bench(self) -> Bench:
        raise MachineError("The disk is full.")

    def stop(self) -> None:
        """There is nothing to end."""


def test_what_breaks_a_grader_ends_the_room_and_is_said(tmp_path: Path) -> None:
    """It is better to see that than a line that never moves."""
    with open_gradebook(tmp_path / "book", "bubblewrap") as book:
        room = Room("A room", Course(small_course(tmp_path / "course")).labs(), book)
        server = Server(room, "127.0.0.1", 0, None)
        # In a thread: a browser that another test opened has an event loop in this one.
        with ThreadPoolExecutor(1) as beside, pytest.raises(MachineError, match="disk is full"):
            beside.submit(server.run, Breaking()).result()


# --- TLS ------------------------------------------------------------------------------------------


def test_another_address_than_loopback_has_tls(tmp_path: Path) -> None:
    """127.0.0.2 stands for an address in a room's network."""
    course = small_course(tmp_path / "course")
    with Served(course, tmp_path / "book", host="127.0.0.2") as served:
        shown = served.server.address.certificate
        assert shown
        assert served.url.startswith("https://127.0.0.2:")
        assert shown.file.stat().st_mode & 0o777 == 0o600
        port = int(served.url.rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=str(shown.file))
        trusting.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        connection = http.client.HTTPSConnection("127.0.0.2", port, context=trusting, timeout=60)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        page = {"accept": "text/html"}
        with served.client(headers=page) as client:
            joined = client.post("/join", data={"name": "Ada", "code": served.room.code})
            assert "; Secure" in joined.headers["set-cookie"]
            client.get(f"/desk/{served.room.desk}")
            assert shown.fingerprint in client.get("/wall").text
            assert shown.pin in client.get("/labs/101").text.replace("&#43;", "+")
        with raw_plain(port) as plain:
            assert b"200" not in plain.recv(1000)


def raw_plain(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.2", port), timeout=60)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n")
    return connection
