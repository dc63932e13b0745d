"""
`multipart/form-data`, taken apart: a pure function over a body that has been read through its caps.

Strict, because whatever two parsers read differently is somebody's way in. Sources: RFC 7578, and
RFC 2046, 5.1.
"""

import re
from dataclasses import dataclass, field

from router.model.errors import Malformed

PARTS_MAX = 64
HEAD_BYTES_MAX = 4096
"""Of one part's headers."""
FORM = "multipart/form-data"
_BOUNDARY = re.compile(
    r"""\s*;\s*boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'+_.-]{1,70}))\s*""",
    re.IGNORECASE,
)
_PARAMETER = r""";\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)\s*"""
_DISPOSITION = re.compile(rf"form-data\s*(?:{_PARAMETER})*;?\s*", re.IGNORECASE)
_AS_IT_IS = frozenset({"7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form."""

    name: str
    data: bytes = field(repr=False)
    is_file: bool
    """Whether it was sent with a file's name."""


def is_form(content_type: str) -> bool:
    """Whether a `Content-Type` is a form's."""
    return content_type.partition(";")[0].strip().lower() == FORM


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """
    Take a form apart.

    Args:
        content_type: As the request's header has it.
        body: Whole.

    Raises:
        Malformed: It is not a form from its first boundary to its last.
    """
    boundary = _BOUNDARY.fullmatch(content_type.strip()[len(FORM) :])
    if boundary is None:
        raise Malformed("`Content-Type` names no `boundary` between the form's parts.")
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode()
    pieces = (b"\r\n" + body).split(mark, PARTS_MAX + 1)[1:]
    parts: list[Part] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return parts
        if len(parts) == PARTS_MAX:
            raise Malformed(f"The form has more than {PARTS_MAX} parts.")
        parts.append(_part(piece, len(parts) + 1))
    raise Malformed("The form does not end with its boundary.")


def _part(piece: bytes, number: int) -> Part:
    end = piece.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    if end < 0 or piece[: piece.index(b"\r\n")].strip(b" \t"):
        raise Malformed(f"Part {number} of the form has no headers, or too long ones.")
    headers = _headers(piece[piece.index(b"\r\n") : end], number)
    if headers.get("content-transfer-encoding", "binary").lower() not in _AS_IT_IS:
        raise Malformed(f"Part {number} of the form is encoded: send its bytes as they are.")
    parameters = _parameters(headers.get("content-disposition", ""), number)
    is_file = "filename" in parameters or "filename*" in parameters
    return Part(parameters["name"], piece[end + 4 :], is_file)


def _headers(head: bytes, number: int) -> dict[str, str]:
    headers: dict[str, str] = {}
    try:
        lines = head.decode().split("\r\n")[1:]
    except UnicodeDecodeError:
        raise Malformed(f"The headers of part {number} of the form are not UTF-8.") from None
    for line in lines:
        name, colon, value = line.partition(":")
        is_header = colon and name and name == name.strip() and name.lower() not in headers
        if not is_header or "\n" in line or "\r" in line or "\0" in line:
            raise Malformed(f"The headers of part {number} of the form cannot be read.")
        headers[name.lower()] = value.strip()
    return headers


def _parameters(disposition: str, number: int) -> dict[str, str]:
    """What stands behind `form-data` in a `Content-Disposition`, its name among it."""
    if not _DISPOSITION.fullmatch(disposition):
        raise Malformed(f"Part {number} of the form has no `Content-Disposition: form-data`.")
    parameters: dict[str, str] = {}
    for name, value in re.findall(_PARAMETER, disposition):
        if name.lower() in parameters:
            raise Malformed(f"Part {number} of the form says `{name.lower()[:16]}` twice.")
        is_quoted = value.startswith('"')
        parameters[name.lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if is_quoted else value
    if not parameters.get("name"):
        raise Malformed(f"Part {number} of the form has no name.")
    return parameters
