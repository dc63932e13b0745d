import sys
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from router.images.archive import BadArchive, ObjectResults, open_results
from router.images.keeping import FolderResults, NotKept, key_of
from router.ledger.executor import InlineExecutor
from tests.fakes import EPOCH
from tests.object_store import a_bucket
from tests.raw_server import closed_port

NAME = "0199d6f0-0000-7000-8000-000000000001-1.png"
WORKER = InlineExecutor()


def test_without_a_word_results_are_beside_the_ledger(tmp_path: Path) -> None:
    """In a folder of their own; another can be named, and neither needs anything installed."""
    beside = open_results(None, tmp_path / "farebox.db.results", WORKER)
    named = open_results(f"file://{tmp_path}/kept", tmp_path, WORKER)

    assert isinstance(beside, FolderResults)
    assert beside.where == str(tmp_path / "farebox.db.results")
    assert (type(named), named.where) == (FolderResults, str(tmp_path / "kept"))


def test_an_object_store_is_opened_without_dialling_it(tmp_path: Path) -> None:
    """Whether it can be used, the first result will show."""
    opened = open_results("s3://bucket/prefix", tmp_path, WORKER)

    assert (type(opened), opened.where) == (ObjectResults, "s3://bucket/prefix")


@pytest.mark.parametrize(
    "where",
    [
        *("results", "/results", "file://", "file:///", "file://host/folder", "s3://", "ftp://a/b"),
        *("s3://key:secret@bucket/x", "s3://bucket/x?secret=1", "memory:///"),
    ],
)
def test_what_is_no_place_for_results_is_refused(where: str, tmp_path: Path) -> None:
    """With a sentence that does not repeat what may be a secret."""
    with pytest.raises(BadArchive, match="must be file:///folder or s3://bucket/prefix") as raised:
        open_results(where, tmp_path, WORKER)
    assert "secret" not in str(raised.value)


def test_without_the_extra_it_is_said_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, not at the first result."""
    monkeypatch.setitem(sys.modules, "obstore.store", None)

    with pytest.raises(BadArchive, match=r"pip install 'farebox\[archive\]'"):
        open_results("s3://bucket/prefix", tmp_path, WORKER)


def test_what_the_store_itself_refuses_is_told(tmp_path: Path) -> None:
    """By the kind of trouble alone."""
    with pytest.raises(BadArchive, match="cannot be used"):
        open_results("az://nobody", tmp_path, WORKER)


async def test_results_are_kept_found_listed_and_forgotten() -> None:
    """As in a folder."""
    results = ObjectResults("memory", MemoryStore())
    keys = [key_of("a b", NAME, EPOCH + timedelta(hours=hours)) for hours in range(2)]
    for number, key in enumerate(keys, start=1):
        await results.put(key, b"x" * number)
    listed = await results.all()
    await results.forget(EPOCH + timedelta(hours=1))

    assert [(one.key, one.size_bytes, one.tenant) for one in listed] == [
        (keys[0], 1, "a b"),
        (keys[1], 2, "a b"),
    ]
    assert [await results.get(key) for key in keys] == [None, b"xx"]


async def test_a_store_that_does_not_answer_is_told_without_its_words() -> None:
    """They hold addresses and, at times, what was signed with."""
    from obstore.store import S3Store  # noqa: PLC0415 - only here.

    store = S3Store(
        "bucket",
        endpoint=f"http://127.0.0.1:{closed_port()}",
        access_key_id="canary",
        secret_access_key="canary",
        region="nowhere",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )

    with pytest.raises(NotKept) as raised:
        await ObjectResults("s3://bucket", store).put("2026-11-20T09/acme/x", b"x")
    assert str(raised.value).startswith("s3://bucket: ")
    assert "canary" not in str(raised.value)


async def test_what_speaks_s3_is_spoken_to_as_its_own_tools_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the wire, signed with the environment's key, and nothing outside the prefix is seen."""
    async with a_bucket() as bucket:
        for name, value in (
            ("AWS_ENDPOINT", bucket.url),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "here"),
            ("AWS_ACCESS_KEY_ID", "mykey"),
            ("AWS_SECRET_ACCESS_KEY", "mysecret"),
        ):
            monkeypatch.setenv(name, value)
        bucket.objects["strangers/2020-01-01T00/acme/x"] = b"not ours"
        results = open_results("s3://bucket/results", tmp_path, WORKER)
        keys = [key_of("acme", NAME, EPOCH + timedelta(hours=hours)) for hours in range(2)]
        for number, key in enumerate(keys, start=1):
            await results.put(key, b"x" * number)
        listed = await results.all()
        await results.forget(EPOCH + timedelta(hours=1))
        left = [await results.get(key) for key in keys]

    assert [(one.key, one.size_bytes, one.at) for one in listed] == [
        (keys[0], 1, EPOCH),
        (keys[1], 2, EPOCH),
    ]
    assert left == [None, b"xx"]
    assert set(bucket.objects) == {"strangers/2020-01-01T00/acme/x", f"results/{keys[1]}"}
    assert bucket.credentials == {"AWS4-HMAC-SHA256 Credential=mykey"}
