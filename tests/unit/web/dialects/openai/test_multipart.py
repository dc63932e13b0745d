"""Forms, taken apart strictly."""

from contextlib import suppress
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.model.errors import Malformed
from router.web.dialects.openai.multipart import PARTS_MAX, Part, is_form, parts_of
from tests.openai_kit import BOUNDARY, a_form, a_part, form_type

TYPE = form_type()["Content-Type"]
NAMED = b'Content-Disposition: form-data; name="a"\r\n\r\nx'


def test_a_form_is_its_parts_in_order() -> None:
    """Bytes stay as they are, line ends and all; a file's name says that it is a file."""
    body = a_form(a_part("prompt", "grün"), a_part("image", b"\r\n--a\0\r\n"), a_part("image", b""))

    assert parts_of(TYPE, body) == [
        Part("prompt", "grün".encode(), is_file=False),
        Part("image", b"\r\n--a\0\r\n", is_file=True),
        Part("image", b"", is_file=True),
    ]


@given(st.lists(st.binary(max_size=300), max_size=5), st.uuids())
def test_whatever_is_put_in_comes_out(datas: list[bytes], boundary: UUID) -> None:
    """A boundary that is nowhere in them parts any bytes."""
    body = a_form(*(a_part("f", data) for data in datas), boundary=boundary.hex)
    told = parts_of(form_type(boundary.hex)["Content-Type"], body)

    assert [part.data for part in told] == datas


@given(st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_refused(noise: bytes) -> None:
    """Whatever stands between two good boundaries."""
    with suppress(Malformed):
        parts_of(TYPE, f"--{BOUNDARY}\r\n".encode() + noise + f"\r\n--{BOUNDARY}--".encode())


@pytest.mark.parametrize(
    "head",
    [
        'content-disposition:form-data;name="a b"',
        'Content-Disposition: FORM-DATA; NAME="a b"; filename="C:\\dir\\x.png"',
        'Content-Disposition: form-data; filename="quo\\"te.png"; name="a b";',
        "Content-Disposition: form-data; filename*=UTF-8''x.png; name=\"a b\"",
        'Content-Disposition: form-data; name="a b"\r\nContent-Transfer-Encoding: BINARY',
        'X-More: 1\r\nContent-Disposition: form-data; name="a b"\r\nContent-Type: text/plain',
    ],
)
def test_headers_are_read_as_they_are_written_by_somebody(head: str) -> None:
    """In any case and order, quoted or not."""
    (part,) = parts_of(TYPE, a_form(head.encode() + b"\r\n\r\nx"))

    assert (part.name, part.data) == ("a b", b"x")
    assert part.is_file is ("filename" in head)


@pytest.mark.parametrize(
    "parameters",
    [
        "; charset=utf-8; boundary=a-boundary",
        ";boundary=a-boundary;charset=utf-8",
        '; boundary="a-boundary"; charset="utf-8"',
        ' ; Boundary = "a-\\boundary" ;',
        '; comment="; boundary=other"; boundary=a-boundary',
    ],
)
def test_a_boundary_stands_among_whatever_else_is_said(parameters: str) -> None:
    """In any order, quoted or not; what stands inside another's quotes is none."""
    (part,) = parts_of(f"multipart/form-data{parameters}", a_form(NAMED))

    assert part.data == b"x"


def test_an_opening_and_a_rest_are_nobodys() -> None:
    """What stands before the first boundary and after the last is no part (RFC 2046, 5.1.1)."""
    body = b"opening\r\n" + a_form(a_part("a", "x")) + b"rest\r\n--" + BOUNDARY.encode()

    assert [part.name for part in parts_of(TYPE, body)] == ["a"]


@pytest.mark.parametrize(
    ("content_type", "body", "told"),
    [
        ("multipart/form-data", a_form(NAMED), "`Content-Type` names no `boundary`"),
        ("multipart/form-data; boundary=", a_form(NAMED), "`Content-Type` names no `boundary`"),
        (f"multipart/form-data; boundary={'x' * 71}", b"", "`Content-Type` names no `boundary`"),
        ('multipart/form-data; boundary="a', a_form(NAMED), "`Content-Type` names no `boundary`"),
        ("multipart/form-data; charset=utf-8", b"", "`Content-Type` names no `boundary`"),
        ("multipart/form-data; boundary=a; boundary=b", b"", "`Content-Type` names no `boundary`"),
        (TYPE, b"", "The form does not end"),
        (TYPE, b"prompt=x", "The form does not end"),
        (TYPE, a_form(NAMED)[:-18], "The form does not end"),
        (TYPE, a_form(NAMED)[:-4], "Part 2 of the form has no headers"),
        (TYPE, a_form(NAMED).replace(b"\r\n", b"\n"), "Part 1 of the form has no headers"),
        (TYPE, a_form(b"x"), "Part 1 of the form has no headers"),
        (TYPE, a_form(NAMED).replace(b"y\r\nC", b"yz\r\nC"), "Part 1 of the form has no headers"),
        (TYPE, a_form(b"X: " + b"y" * 5000 + b"\r\n" + NAMED), "Part 1 of the form has no headers"),
        (TYPE, a_form(NAMED, b"X: y\r\n\r\nz"), "Part 2 of the form has no `Content-Disposition"),
        (TYPE, a_form(NAMED.replace(b"form-data", b"file")), "has no `Content-Disposition"),
        (TYPE, a_form(NAMED.replace(b'"a"', b'"a')), "has no `Content-Disposition"),
        (TYPE, a_form(NAMED.replace(b'"a"', b'""')), "Part 1 of the form has no name."),
        (TYPE, a_form(NAMED.replace(b"; name=", b"; other=")), "Part 1 of the form has no name."),
        (TYPE, a_form(NAMED.replace(b'"a"', b'"a"; name="b"')), "says `name` twice"),
        (TYPE, a_form(b"Content-Disposition: x\r\n" + NAMED), "cannot be read"),
        (TYPE, a_form(b" folded\r\n" + NAMED), "cannot be read"),
        (TYPE, a_form(b"X : y\r\n" + NAMED), "cannot be read"),
        (TYPE, a_form(b"X: \0\r\n" + NAMED), "cannot be read"),
        (TYPE, a_form(b"X: \xff\r\n" + NAMED), "are not UTF-8"),
        (TYPE, a_form(b"Content-Transfer-Encoding: base64\r\n" + NAMED), "is encoded"),
        (TYPE, a_form(*[NAMED] * (PARTS_MAX + 1)), f"more than {PARTS_MAX} parts"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes, told: str) -> None:
    """With a sentence that repeats nothing of what was sent."""
    with pytest.raises(Malformed) as refused:
        parts_of(content_type, body)

    assert told in refused.value.detail


def test_as_many_parts_as_are_taken_are_taken() -> None:
    """And not one less."""
    assert len(parts_of(TYPE, a_form(*[NAMED] * PARTS_MAX))) == PARTS_MAX


def test_which_types_are_forms() -> None:
    """By the type alone, in any case."""
    assert is_form(TYPE)
    assert is_form("Multipart/Form-Data ;boundary=x")
    assert not is_form("multipart/mixed; boundary=x")
    assert not is_form(EmailMessage().get_content_type())
