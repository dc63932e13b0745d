"""A job's images as its client is shown them: as the provider's addresses, our links, or bytes."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from router.dispatch.finishing import RESULT
from router.dispatch.watching import JobView
from router.images.keeping import NotKept, ResultStore, key_of
from router.images.kinds import Kind, kind_of_name
from router.images.links import Links
from router.ledger.rows import JobRow
from router.model.clock import rfc3339
from router.model.errors import LedgerUnavailable
from router.model.job import Response

if TYPE_CHECKING:
    from router.web.visit import Visit  # Which knows us, as one of the services.

RESULTS = "/results/"
"""The path under which kept results are served, before their names."""
Octets = bytes  # A field of that name hides the type.


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """One image; of `url` and `bytes` at most one."""

    url: str | None = field(default=None, repr=False)
    bytes: Octets | None = field(default=None, repr=False)
    """Neither: it was to be bytes, and is not kept any more."""
    kind: Kind | None = None
    """None where only the provider knows."""
    expires_at: datetime | None = None


class Pictures:
    """Shows results, and makes the links to those that are kept here."""

    def __init__(self, links: Links, results: ResultStore, public_url: str | None) -> None:
        """
        Args:
            public_url: Where clients reach this router; None: where each request came to.
        """
        self.links, self.results, self.public_url = links, results, public_url

    async def shown(self, row: JobRow, origin: str, *, with_bytes: bool = True) -> list[ShownImage]:
        """
        A job's images, as its client asked to take them.

        Args:
            row: The job.
            origin: Where links lead unless a public URL is set, as `https://host`; empty for links
                without a host.
            with_bytes: False gives a link where the client asked for bytes.

        Raises:
            LedgerUnavailable: The bytes cannot be read now.
        """
        wants_bytes = json.loads(row.request).get("response") == Response.BASE64 and with_bytes
        if not wants_bytes:
            return [self._addressed(row, image, origin) for image in row.images]
        return [await self._with_bytes(row, image, origin) for image in row.images]

    async def _with_bytes(self, row: JobRow, image: str, origin: str) -> ShownImage:
        if not image.startswith(RESULT):
            return self._addressed(row, image, origin)
        name = image.removeprefix(RESULT)
        data, until = await self.kept(row, name), row.images_expire_at
        return ShownImage(bytes=data, kind=kind_of_name(name), expires_at=until)

    def _addressed(self, row: JobRow, image: str, origin: str) -> ShownImage:
        if not image.startswith(RESULT):
            return ShownImage(url=image, expires_at=row.images_expire_at)
        name = image.removeprefix(RESULT)
        kind, until = kind_of_name(name), row.images_expire_at
        assert until is not None, "what is kept here is kept until an instant"
        url = self.links.to(self.public_url or origin, RESULTS + name, until)
        return ShownImage(url=url, kind=kind, expires_at=until)

    async def kept(self, row: JobRow, name: str) -> bytes | None:
        """
        The bytes of a job's result that is kept here; None when it is not, or not any more.

        Raises:
            LedgerUnavailable: They cannot be read now.
        """
        if RESULT + name not in row.images or row.images_expire_at is None:
            return None
        try:
            return await self.results.get(key_of(row.tenant, name, row.images_expire_at))
        except NotKept as error:
            raise LedgerUnavailable("The image cannot be read now; ask again.") from error


async def shown_images(
    visit: "Visit", view: JobView, *, with_bytes: bool = True
) -> list[ShownImage]:
    """
    A job's images, as the client of a request is shown them.

    Raises:
        LedgerUnavailable: The bytes cannot be read now.
    """
    pictures = visit.services.pictures
    return await pictures.shown(view.row, visit.origin, with_bytes=with_bytes)


def image_body(shown: ShownImage) -> dict[str, Any]:
    """An image as the native endpoint tells it."""
    until = rfc3339(shown.expires_at) if shown.expires_at is not None else None
    if shown.url is not None:
        return {"url": shown.url, "expires_at": until}
    told = base64.b64encode(shown.bytes).decode() if shown.bytes is not None else None
    return {"base64": told, "format": shown.kind, "expires_at": until}
