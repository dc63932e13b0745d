"""The form to sign in by, and out."""

from pathlib import Path

import pytest
from aiohttp import ClientResponse

from router.web.dashboard.session import COOKIE
from router.web.keys import Role
from tests.web_stage import Front, open_front

IN, OUT = "/dashboard/sign-in", "/dashboard/sign-out"


async def posted(front: Front, path: str, form: dict[str, str], **headers: str) -> ClientResponse:
    """Send a form as a browser does."""
    assert front.client is not None
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await front.client.post(path, data=form, headers=sent, allow_redirects=False)
    await answer.text()
    return answer


async def test_a_viewer_signs_in_and_goes_on_to_where_it_was(tmp_path: Path) -> None:
    """By a cookie that no script can read, no other site sends, and that ends."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        host = front.client.make_url("/").authority if front.client else ""
        asked = f"http://{host}/dashboard?by=tenant&period=30d"
        answer = await posted(front, IN, {"key": f" {key} "}, Referer=asked)

    cookie = answer.cookies[COOKIE]
    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard?by=tenant&period=30d")
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
    assert (cookie["max-age"], cookie["path"]) == (str(12 * 3600), "/")
    assert key.split("_")[2] not in cookie.value


async def test_behind_https_the_cookie_is_sent_there_alone(tmp_path: Path) -> None:
    """Also where a proxy ends the encryption."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        answer = await posted(front, IN, {"key": key}, X_Forwarded_Proto="https")

    assert answer.cookies[COOKIE]["secure"] is True


@pytest.mark.parametrize("kind", ["unknown", "mistyped", "client", "none"])
async def test_a_key_that_opens_no_page_is_told_why(tmp_path: Path, kind: str) -> None:
    """On the form, without the key in it, and without a session."""
    async with open_front(tmp_path) as front:
        _, client = await front.mint("acme", Role.CLIENT)
        key = {
            "unknown": client[:-20] + "A" * 14 + client[-6:],
            "mistyped": client[:-1],
            "client": client,
            "none": "",
        }[kind]
        form = {"key": key, "after": "/dashboard/jobs?tag=a%3Db"}
        answer = await posted(front, IN, form)
        text = await answer.text()

    assert answer.status == 403
    assert COOKIE not in answer.cookies
    assert ("which buys" if kind == "client" else "key") in text
    assert not key or key not in text
    assert 'role="alert"' in text
    assert 'value="/dashboard/jobs?tag=a%3Db"' in text


@pytest.mark.parametrize(
    "after",
    [
        "https://elsewhere.example/dashboard",
        "//elsewhere.example",
        "/dashboard\\..\\x",
        "/dashboardx",
        "/v1/edits",
        "/dashboard/\r\nSet-Cookie: a=b",
        "/dashboard/sign-in",
    ],
)
async def test_nobody_is_sent_elsewhere(tmp_path: Path, after: str) -> None:
    """Only to a page of ours, whatever a form says."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        answer = await posted(front, IN, {"key": key, "after": after})

    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard")


@pytest.mark.parametrize("path", [IN, OUT])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_another_sites_form_is_refused(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    """It could sign somebody in as another, or out."""
    async with open_front(tmp_path) as front:
        _, key = await front.mint("acme", Role.VIEWER)
        answer = await posted(front, path, {"key": key}, **headers)

    assert (answer.status, COOKIE in answer.cookies) == (403, False)


async def test_signing_out_takes_the_cookie_away(tmp_path: Path) -> None:
    """And shows the form again."""
    async with open_front(tmp_path) as front:
        answer = await posted(front, OUT, {})

    assert (answer.status, answer.headers["Location"]) == (303, IN)
    assert (answer.cookies[COOKIE].value, answer.cookies[COOKIE]["max-age"]) == ("", "0")


async def test_the_form_stands_where_a_page_would(tmp_path: Path) -> None:
    """With 401, so that no program takes it for the page; and at an address of its own."""
    async with open_front(tmp_path) as front:
        front.key = None
        instead = await front.ask("GET", "/dashboard?by=tenant")
        form = await front.ask("GET", IN)
        wrong = await front.ask("GET", f"{IN}?key=fbx_1")

    assert (instead.status, form.status, wrong.status) == (401, 200, 400)
    assert 'action="/dashboard/sign-in"' in instead.text
    assert 'type="password"' in form.text


async def test_a_form_is_small(tmp_path: Path) -> None:
    """Nobody has a key of a megabyte."""
    async with open_front(tmp_path) as front:
        answer = await posted(front, IN, {"key": "x" * 5000})

    assert answer.status == 413


async def test_styles_are_served_and_kept_by_browsers(tmp_path: Path) -> None:
    """Their address changes with their content; what is none of them is not there."""
    async with open_front(tmp_path) as front:
        front.key = None
        style = await front.ask("GET", "/dashboard/assets/farebox.css?v=1")
        icon = await front.ask("GET", "/dashboard/assets/farebox.svg")
        missing = await front.ask("GET", "/dashboard/assets/..%2Fshowing.py")

    assert style.headers["Content-Type"].startswith("text/css")
    assert "immutable" in style.headers["Cache-Control"]
    assert icon.headers["Content-Type"] == "image/svg+xml"
    assert missing.status == 404
