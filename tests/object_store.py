"""As much of S3's protocol as an archive needs, on loopback: put, get, list, delete."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, unescape

from aiohttp import web
from aiohttp.test_utils import TestServer

_LIST = (
    '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>'
)
_OBJECT = (
    "<Contents><Key>{}</Key><LastModified>2026-11-20T09:00:00.000Z</LastModified>"
    "<ETag>e</ETag><Size>{}</Size></Contents>"
)
_KEY = re.compile("<Key>(.*?)</Key>")
_DELETED = "<Deleted><Key>{}</Key></Deleted>"
_FOLDER = "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>"


@dataclass
class Bucket:
    """What a bucket holds, and who asked with which credentials."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    credentials: set[str] = field(default_factory=set[str])

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request of path style: `/bucket/key`."""
        self.credentials.add(request.headers.get("Authorization", "").partition("/")[0])
        key = request.path.partition("/")[2].partition("/")[2]
        if request.method == "PUT":
            self.objects[key] = await request.read()
            return web.Response(headers={"ETag": "e"})
        if request.method == "POST" and "delete" in request.query:
            gone = [unescape(one) for one in _KEY.findall(await request.text())]
            for one in gone:
                self.objects.pop(one, None)
            told = "".join(_DELETED.format(escape(one)) for one in gone)
            return web.Response(text=f"<DeleteResult>{told}</DeleteResult>")
        if "list-type" in request.query:
            return self._listed(request.query)
        if key not in self.objects:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        return web.Response(
            body=self.objects[key],
            headers={"ETag": "e", "Last-Modified": "Fri, 20 Nov 2026 09:00:00 GMT"},
        )

    def _listed(self, query: Mapping[str, str]) -> web.Response:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        told, folders = "", dict[str, None]()
        for key in sorted(self.objects):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                folders[prefix + rest.partition(delimiter)[0] + delimiter] = None
            else:
                told += _OBJECT.format(escape(key), len(self.objects[key]))
        told += "".join(_FOLDER.format(escape(folder)) for folder in folders)
        return web.Response(text=_LIST.format(told), content_type="application/xml")


@asynccontextmanager
async def a_bucket() -> AsyncIterator[Bucket]:
    """Serve a bucket."""
    bucket = Bucket()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", bucket.handle)
    async with TestServer(app) as server:
        bucket.url = str(server.make_url("")).rstrip("/")
        yield bucket
