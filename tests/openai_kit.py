"""Requests as OpenAI's clients send them, and short words for asking by them."""

from typing import Any

from tests.pictures import a_picture
from tests.web_stage import Answer, Front

EDITS = "/v1/images/edits"
PNG = a_picture()
BOUNDARY = "a-boundary"
AGAIN = {"x-stainless-retry-count": "1"}
BOOKED = "farebox"
USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "total_tokens": 0,
}


def a_part(name: str, value: str | bytes, **parameters: str) -> bytes:
    """Write one part of a form; bytes are sent as a file without a type, as the packages do."""
    if isinstance(value, bytes):
        parameters.setdefault("filename", "upload")
    said = "".join(f'; {key}="{told}"' for key, told in parameters.items())
    data = value if isinstance(value, bytes) else value.encode()
    head = f'Content-Disposition: form-data; name="{name}"{said}\r\n'
    kind = "Content-Type: application/octet-stream\r\n" if isinstance(value, bytes) else ""
    return f"{head}{kind}\r\n".encode() + data


def a_form(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    """Put parts between boundaries."""
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def form_type(boundary: str = BOUNDARY) -> dict[str, str]:
    """Write the header of a form."""
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def an_upload(*images: bytes, boundary: str = BOUNDARY, **fields: str) -> bytes:
    """Write the form of a plain edit, with fields replaced or added."""
    told = {"prompt": "make the sky green", "aspect_ratio": "16:9", **fields}
    pictures = [a_part("image[]" if len(images) > 1 else "image", one) for one in images or (PNG,)]
    return a_form(*(a_part(name, one) for name, one in told.items()), *pictures, boundary=boundary)


async def upload(
    front: Front, *images: bytes, headers: dict[str, str] | None = None, **fields: str
) -> Answer:
    """Ask for edits by a form."""
    sent = {**form_type(), **(headers or {})}
    return await front.ask("POST", EDITS, an_upload(*images, **fields), sent)


def an_image_edit(**fields: Any) -> dict[str, Any]:
    """Write the JSON of a plain edit; None leaves a field out."""
    body = {
        "prompt": "make the sky green",
        "images": [{"image_url": "https://pictures.example/cat.png"}],
        "aspect_ratio": "16:9",
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


async def ask(front: Front, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    """Ask for edits by JSON."""
    return await front.ask("POST", EDITS, an_image_edit(**fields), headers)
