"""Who is let in."""

from __future__ import annotations

import logging

import pytest

from raysal.annotate.tool.guard import Patience
from raysal.annotate.tool.serve import without_query
from raysal.annotate.tool.workplace import key_of
from tests.support import own_loop
from tests.support.asgi_client import Client
from tests.support.labelling import Browser, MadeUp, Served, served

ROUTES = [
    ("GET", "session"), ("GET", "queue"), ("GET", "images/{key}"), ("GET", "images/{key}/picture"),
    ("GET", "images/{key}/answer"), ("GET", "images/{key}/refused"),
    ("GET", "images/{key}/thumbnail"), ("GET", "images/{key}/superpixels/fine"),
    ("GET", "images/{key}/prediction"), ("GET", "images/{key}/map"),
    ("GET", "images/{key}/extended"), ("GET", "images/{key}/groups"), ("POST", "images/{key}/fill"),
    ("POST", "images/{key}/lease"), ("DELETE", "images/{key}/lease"),
    ("PUT", "images/{key}/answer"), ("POST", "images/{key}/review"),
]  # fmt: skip
CHANGING = [route for route in ROUTES if route[0] != "GET"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_without_a_token(server: Served, method: str, path: str) -> None:
    url = f"/api/{path.format(key=server.key())}"
    found = server.stranger().request(method, url, content=b"" if method == "GET" else b"{}")
    assert found.status_code == 401
    assert "open the link" in found.json()["why"]
    assert server.slept == []  # There was no token to be guessed.


def test_every_route_is_in_this_list(server: Served) -> None:
    from raysal.annotate.tool import changing, reading

    found = {
        (method, route.path.removeprefix("/api/"))
        for part in (changing, reading)
        for route in part.router.routes
        for method in getattr(route, "methods", ())
    }
    listed = {(m, p) for m, p in ROUTES if m != "GET" or p.count("/") < 2}
    named = ("picture", "answer", "refused", "thumbnail")
    listed |= {("GET", f"images/{{key}}/{name}") for name in named}
    listed |= {("GET", "images/{key}/superpixels/{grain}"), ("GET", "images/{key}/{layer}")}
    assert found == listed


def test_a_link_becomes_a_cookie(server: Served) -> None:
    token = server.desk.people.invite("Ann")
    browser = server.stranger()
    found = browser.get("/", params={"token": token})
    assert (found.status_code, found.headers["location"]) == (303, "/")
    cookie = found.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    browser.headers["cookie"] = cookie.partition(";")[0]
    assert browser.get("/api/session").json()["name"] == "Ann"
    assert found.headers["referrer-policy"] == "no-referrer"
    assert found.headers["cache-control"] == "no-store"


def test_wrong_tokens_are_slowed_ever_more(server: Served, ann: Browser) -> None:
    for _ in range(12):
        found = server.stranger().get("/", params={"token": "guess"})
        assert found.status_code == 403
        assert "set-cookie" not in found.headers
    assert server.slept[0] == 0.25
    assert server.slept == sorted(server.slept)
    assert server.slept[-1] == 8.0
    slept = len(server.slept)
    cookie = ann.client.headers["cookie"]
    stranger = server.stranger()
    stranger.headers["cookie"] = cookie[:-1] + ("a" if cookie[-1] != "a" else "b")
    assert stranger.get("/api/queue").status_code == 401
    assert len(server.slept) == slept + 1
    # Whoever has the right one does not wait.
    assert ann.get("queue").status_code == 200
    assert len(server.slept) == slept + 1


async def _never(seconds: float) -> None:
    raise AssertionError("waits although there is no room")


def test_not_many_wait(server: Served) -> None:
    """Strangers cannot fill the server with answers that wait."""
    assert own_loop.run(Patience(waiting=0, sleep=_never).wrong()) is False


@pytest.mark.parametrize(
    "token", ["", "x" * 5000, "\0", "../../etc/passwd", "é", "\ud800", "' or 1=1 --"]
)
def test_odd_tokens(server: Served, token: str) -> None:
    from urllib.parse import quote

    escaped = quote(token, errors="surrogatepass")
    found = server.stranger().get(f"/?token={escaped}")
    # Without one, it is the page, or what is said if that was not installed.
    assert found.status_code == 403 if token else found.status_code in (200, 500)
    stranger = server.stranger()
    stranger.headers["cookie"] = f"raysal-0123456789ab={escaped}; broken"
    assert stranger.get("/api/queue").status_code == 401


@pytest.mark.parametrize("other", ['a={"x": 1, "y": [2]}', "b c[1]=x y", "=", "a=b=c"])
def test_cookies_of_other_programs(server: Served, ann: Browser, other: str) -> None:
    """Programs on one machine share its cookies, and not all keep to the standard."""
    own = ann.client.headers["cookie"]
    for both in (f"{other}; {own}", f"{own}; {other}"):
        ann.client.headers["cookie"] = both
        assert ann.get("queue").status_code == 200


def test_a_revoked_link(server: Served, ann: Browser) -> None:
    assert ann.get("queue").status_code == 200
    server.desk.people.revoke("ann")
    assert ann.get("queue").status_code == 401


@pytest.mark.parametrize(
    ("host", "is_let_in"),
    [
        ("localhost:8765", True),
        ("LOCALHOST", True),
        ("127.0.0.1:9", True),
        ("[::1]:8765", True),
        ("10.0.0.7:8765", True),
        ("label.example.org", True),
        ("evil.example", False),
        ("localhost.evil.example:8765", False),
        ("127.0.0.1.nip.io", False),
        ("evil@localhost", False),
        ("localhost/evil", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_foreign_names_of_this_machine(place: MadeUp, host: str, is_let_in: bool) -> None:
    """DNS rebinding: a page of another site reaches this machine under its own name."""
    server = served(place, names=frozenset({"label.example.org"}))
    ann = server.person()
    for path in ("session", "queue"):
        found = ann.get(path, headers={"host": host})
        assert found.status_code == (200 if is_let_in else 403), found.text
    assert server.stranger().get("/static/x", headers={"host": host}).status_code == (
        404 if is_let_in else 403
    )


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"origin": "http://localhost:9999"},
        {"origin": "http://localhost:8765.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_pages_change_nothing(
    ann: Browser, server: Served, method: str, path: str, headers: dict[str, str]
) -> None:
    url = f"/api/{path.format(key=server.key())}"
    found = ann.client.request(method, url, headers=headers, content=b"{}")
    assert (found.status_code, found.json()["why"]) == (403, "the request comes from another page")
    assert server.desk.leases.holders(server.key()) == []


def test_a_proxy_may_change_the_host(place: MadeUp) -> None:
    ann = served(place, names=frozenset({"label.example.org"})).person()
    ann.client.headers |= {"origin": "https://label.example.org", "host": "127.0.0.1:8765"}
    assert ann.lease().status_code == 200
    ann.client.headers["origin"] = "https://other.example.org"
    assert ann.lease().status_code == 403


def test_the_page_itself_may(ann: Browser) -> None:
    ann.client.headers |= {"origin": "http://localhost:8765", "sec-fetch-site": "same-origin"}
    assert ann.lease().status_code == 200
    assert ann.save().status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a%00b", "initial", "0" * 32, "0" * 31,
        "%F0%9F%92%A9", "x" * 500, "C:%5Cwindows", "'%22%3Cscript%3E",
    ],
)  # fmt: skip
def test_keys_are_looked_up(ann: Browser, server: Served, key: str) -> None:
    for method, path in ROUTES[2:]:
        found = ann.client.request(method, f"/api/{path.format(key=key)}", content=b"{}")
        if (method, path) == ("DELETE", "images/{key}/lease"):
            assert found.status_code in (200, 404, 405)
        else:
            assert found.status_code in (404, 405, 422), (method, path, found.text)
        assert "root:" not in found.text


@pytest.mark.parametrize(
    "path",
    [
        "../tool/app.py", "%2e%2e/tool/app.py", "..%2ftool/app.py", "%2e%2e%2f%2e%2e%2fdata",
        "/etc/passwd", "//etc/passwd", "js/%00", ".%00./", "",
    ],
)  # fmt: skip
def test_static_files_are_those_of_the_page(server: Served, path: str) -> None:
    found = server.stranger().get(f"/static/{path}")
    assert found.status_code in (404, 405), found.text
    assert "import" not in found.text


def test_what_browsers_are_told(server: Served, ann: Browser) -> None:
    for found in (
        server.stranger().get("/static/none"),
        ann.get("queue"),
        ann.get(f"images/{server.key()}/picture"),
        server.stranger().get("/api/queue", headers={"host": "evil.example"}),
    ):
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert found.headers["referrer-policy"] == "no-referrer"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cross-origin-resource-policy"] == "same-origin"
    assert ann.get("queue").headers["cache-control"] == "no-store"


def test_class_names_with_markup_are_json(tmp_path: object, ann: Browser) -> None:
    found = ann.get("session")
    assert found.headers["content-type"].startswith("application/json")
    assert [c["name"] for c in found.json()["classes"]][1] == 'a "road" & <b>'


def test_no_documentation_of_the_interface_is_served(server: Served) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert server.stranger().get(path).status_code == 404


def test_tokens_are_stored_as_hashes(server: Served) -> None:
    token = server.desk.people.invite("Ann")
    file = server.desk.people.folder / "people.json"
    assert token not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_the_access_log_has_no_token() -> None:
    line = '%s - "%s %s HTTP/%s" %d'
    args = ("127.0.0.1:1", "GET", "/?token=SECRET", "1.1", 303)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, line, args, None)
    assert without_query(record)
    assert record.getMessage() == '127.0.0.1:1 - "GET / HTTP/1.1" 303'


def test_a_bug_says_nothing_of_the_inside(
    ann: Browser, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("raysal.annotate.tool.reading.queue", fail)
    found = ann.get("queue")
    assert (found.status_code, "secret" in found.text) == (500, False)


def test_an_unknown_host_gets_no_page(server: Served) -> None:
    client = Client(server.app, "http://evil.example")
    assert client.get("/").status_code == 403
    assert key_of(server.images[0]) == server.key()
