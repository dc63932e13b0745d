"""What came of an answer, for whoever sends its request again."""

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from router.model.ids import JobId
from router.web.noting import note_what_was_told
from router.web.visit import ABOUT
from tests.web_stage import open_front


async def test_an_image_that_we_cut_off_is_a_lost_answer(tmp_path: Path) -> None:
    """Who could not be served the image from our own host gets it by asking again."""
    async with open_front(tmp_path) as front:
        first = await front.edit()
        owner = ("acme", JobId(first.json["id"]))
        request = make_mocked_request("GET", "/results/1.png", app=front.app)
        request[ABOUT] = owner
        note_what_was_told(request, web.Response(), is_whole=False, is_cut=True)
        again = await front.edit()

        assert again.json["id"] == first.json["id"]
