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
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")
_PARAMETER = r""";\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)\s*"""
_VALUE = re.compile(rf"\s*([\w/-]+)\s*(?:{_PARAMETER})*;?\s*")
"""Of a header: a word, and parameters behind it."""
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
    boundaries = [value for name, value in _told(content_type, FORM) if name == "boundary"]
    if len(boundaries) != 1 or not _BOUNDARY.fullmatch(boundaries[0]):
        raise Malformed("`Content-Type` names no `boundary` between the form's parts.")
    mark = b"\r\n--" + boundaries[0].encode()
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
    told = _told(disposition, "form-data")
    if not told:
        raise Malformed(f"Part {number} of the form has no `Content-Disposition: form-data`.")
    parameters: dict[str, str] = {}
    for name, value in told:
        if name in parameters:
            raise Malformed(f"Part {number} of the form says `{name[:16]}` twice.")
        parameters[name] = value
    if not parameters.get("name"):
        raise Malformed(f"Part {number} of the form has no name.")
    return parameters


def _told(header: str, word: str) -> list[tuple[str, str]]:
    """The parameters behind a header's word, without quotes; none if it is not that, or no list."""
    found = _VALUE.fullmatch(header)
    if found is None or found[1].lower() != word:
        return []
    return [
        (name.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value)
        for name, value in re.findall(_PARAMETER, header)
    ]
