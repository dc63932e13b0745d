from pathlib import Path

from router.images.keeping import FolderResults, Kept, NotKept
from router.images.links import Links
from router.ledger.executor import InlineExecutor
from router.web.keys import Role
from router.web.picturing import Pictures
from tests.pictures import a_picture
from tests.policy_files import a_policy
from tests.stage import PICTURE
from tests.web_stage import open_front


class Lost(FolderResults):
    """An archive that cannot be read."""

    async def all(self) -> list[Kept]:
        """See `ResultStore`."""
        raise NotKept("the bucket is gone")


async def test_an_archive_tells_how_much_it_keeps_and_of_whom(tmp_path: Path) -> None:
    """In number and bytes, by tenant, with when the next of it is removed."""
    picture = a_picture()
    async with open_front(tmp_path, policy=a_policy(keep={"results": "30d"})) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        _, other = await front.mint(tenant="globex")
        front.stage.gallery.shows[PICTURE] = picture
        empty = await front.ask("GET", "/v1/archive", key=admin)
        await front.edit()
        await front.edit()
        front.key = other
        await front.edit()
        (tmp_path / "results" / "x" / "y").mkdir(parents=True)
        (tmp_path / "results" / "x" / "y" / "stranger").write_text("none of ours")
        full = await front.ask("GET", "/v1/archive", key=admin)

    each = len(picture)
    assert empty.json == {
        "where": str(tmp_path / "results"),
        "keep_s": 2_592_000.0,
        "images": 0,
        "bytes": 0,
        "tenants": [],
        "oldest": None,
        "next_removal": None,
    }
    assert (full.json["images"], full.json["bytes"]) == (3, 3 * each)
    assert full.json["tenants"] == [
        {"tenant": "acme", "images": 2, "bytes": 2 * each},
        {"tenant": "globex", "images": 1, "bytes": each},
    ]
    assert full.json["next_removal"] == "2026-12-20T10:00:00.000000Z"
    assert full.json["oldest"] is not None


async def test_an_archive_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    """With the reason, which the operator can mend; and it is the operator's alone to ask."""
    pictures = Pictures(Links(b"key"), Lost(tmp_path, InlineExecutor()), None)
    async with open_front(tmp_path, pictures=pictures) as front:
        _, admin = await front.mint(role=Role.ADMIN)
        client = await front.ask("GET", "/v1/archive")
        answer = await front.ask("GET", "/v1/archive", key=admin)

    assert (client.status, answer.status) == (403, 503)
    assert answer.json["detail"] == "The archive cannot be read: the bucket is gone"
