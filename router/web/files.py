"""
Images that are kept here, for whoever has a signed link: providers fetch inputs, clients results.

They are strangers' bytes on our own address: they are shown as what they are, never guessed at,
never run, and saved rather than opened.
"""

import re

from aiohttp import web
from aiohttp.hdrs import METH_GET

from router.images.kinds import MEDIA_TYPES, ending_of, kind_of, picture_in
from router.model.errors import NotFound
from router.model.ids import JobId
from router.web.visit import ABOUT, Visit

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-[0-9]{1,3}\.[a-z]{3,4}")
_NONE = "There is nothing here, or the link has expired."


async def read_input(visit: Visit) -> web.Response:
    """`GET /inputs/{name}`: an image that a client sent, for the provider of its job."""
    digest = visit.path("name")
    _check_link(visit)
    kept = await visit.services.inputs.get(digest) if _DIGEST.fullmatch(digest) else None
    return _file(digest, picture_in(kept or b""))


async def read_result(visit: Visit) -> web.Response:
    """`GET /results/{name}`: a result that is kept here."""
    name = visit.path("name")
    _check_link(visit)
    named = _NAME.fullmatch(name)
    row = await visit.services.ledger.job(JobId(named[1])) if named else None
    if row is not None:
        # Whoever cannot be shown what was bought, and sends the edit again, is not sold another.
        visit.request[ABOUT] = (row.tenant, row.id)
    kept = await visit.services.pictures.kept(row, name) if row is not None else None
    return _file(name.partition(".")[0], kept or b"")


def _check_link(visit: Visit) -> None:
    """
    See that a link is ours and good.

    Raises:
        NotFound: It is not, which is not told apart from what is not there.
    """
    request, services = visit.request, visit.services
    links, now = services.pictures.links, services.clock.now()
    # A HEAD asks what a GET of the same link would say.
    if links.expiry(METH_GET, request.path, request.query, now) is None:
        raise NotFound(_NONE)


def _file(name: str, data: bytes) -> web.Response:
    kind = kind_of(data)
    if kind is None:
        raise NotFound(_NONE)
    return web.Response(
        body=data,
        content_type=MEDIA_TYPES[kind],
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{ending_of(kind)}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
