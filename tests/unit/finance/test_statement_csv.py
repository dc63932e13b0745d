"""A provider's usage is read exactly, or told by its place what is wrong with it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.finance.statement_csv import PROBLEMS_MAX, BadStatement, Line, read_statement
from router.model.money import total
from tests.ledger_kit import usd

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
HEADING = "ref,amount,at\n"


def read(text: str, **columns: str) -> tuple[Line, ...]:
    """Read a bill of ShortAPI's."""
    return read_statement("shortapi", "usage.csv", text, columns)


def complaints(text: str, **columns: str) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(BadStatement) as told:
        read(text, **columns)
    return [problem.head for problem in told.value.problems]


def test_lines_are_read_exactly() -> None:
    """Dollars without a float on the way, instants of any zone, refunds as negative amounts."""
    first, second, third = read(
        HEADING
        + "r1,0.0875,2026-11-20T09:00:00Z\n"
        + "r2,$0.020971520,2026-11-20 10:00:00+01:00\n\n"
        + ",-0.04,2026-11-20 09:00:00\n"
    )

    assert (first.ref, first.amount, first.at, first.number) == ("r1", usd("0.0875"), NINE, 2)
    assert (second.amount, second.raw, second.at) == (usd("0.02097152"), "$0.020971520", NINE)
    assert (third.ref, third.amount, third.at, third.number) == (None, usd("-0.04"), NINE, 5)


def test_columns_are_what_they_are_said_to_be() -> None:
    """In any order, beside others, with semicolons or tabs, and with a mark at the beginning."""
    wanted = [("r1", usd("0.07"), NINE)]
    names = {"ref": "Job ID", "amount": "Cost", "at": "Created"}
    for mark in (";", "\t", ","):
        text = f"\ufeffCreated{mark}What{mark}Cost{mark}Job ID\r\n"
        text += f'2026-11-20T09:00:00Z{mark}"an edit{mark} 4k"{mark}0.07{mark}r1\r\n'
        found = read(text, **names)
        assert [(line.ref, line.amount, line.at) for line in found] == wanted


def test_equal_lines_are_told_apart_in_their_file_and_are_the_same_on_any_other() -> None:
    """By id, amount, instant, and which of equal ones it is; nothing repeats a line without id."""
    same = "r1,0.04,2026-11-20T09:00:00Z\n"
    nameless = ",0.05,2026-11-20T09:00:00Z\n"
    later = "r1,0.04,2026-11-20T09:00:01Z\n"
    lines = read(HEADING + same + nameless + same + nameless + later + same)
    again = read(HEADING + later + nameless + same + nameless + same + same)

    assert [(line.number, line.repeats) for line in lines] == [
        *((2, None), (3, None), (4, 2), (5, None), (6, None), (7, 2)),
    ]
    assert len({line.id for line in lines}) == 6
    assert {line.id for line in again} == {line.id for line in lines}
    others = read_statement("runpod", "usage.csv", HEADING + same)
    assert others[0].id not in {line.id for line in lines}


def test_the_first_of_equal_lines_is_known_as_ever() -> None:
    """Bills that were applied long ago stay the same facts."""
    line, again = read(HEADING + "r1,0.04,2026-11-20T09:00:00Z\n" * 2)

    assert line.id == "ec33f179557a10c1f0f5faf7d23b9da7b200374096b5118f82576221ac094edf"
    assert again.id != line.id


CELLS = st.tuples(
    st.sampled_from(["", "r1", "r2"]),
    st.sampled_from(["0.04", "0.040", "-0.04", "0.0875"]),
    st.sampled_from(["2026-11-20", "2026-11-20T09:00:00Z"]),
)


@given(bill=st.lists(CELLS, max_size=12), part=st.sets(st.integers(0, 11)))
def test_nothing_of_a_file_is_lost_and_nothing_counts_twice(
    bill: list[tuple[str, str, str]], part: set[int]
) -> None:
    """Its lines add up to its cells; of a part of it, every line is one of the whole file's."""
    lines = read(HEADING + "".join(f"{','.join(cells)}\n" for cells in bill))
    overlap = [cells for number, cells in enumerate(bill) if number in part]
    some = read(HEADING + "".join(f"{','.join(cells)}\n" for cells in overlap))

    assert total([line.amount for line in lines]) == total([usd(cells[1]) for cells in bill])
    assert [line.number for line in lines] == [2 + number for number in range(len(bill))]
    assert len({line.id for line in lines}) == len(lines)
    assert {line.id for line in some} <= {line.id for line in lines}
    repeated = {(line.ref, line.amount, line.at) for line in lines if line.repeats is not None}
    named = [(line.ref, line.amount, line.at) for line in lines if line.ref is not None]
    assert repeated == {fact for fact in named if named.count(fact) > 1}


def test_mistakes_are_told_by_their_place() -> None:
    """File, line and column, all of them at once; also behind a cell of several lines."""
    text = (
        "ref,note,amount,at\n"
        "r1,fine,1e-3,2026-11-20T09:00:00Z\n"
        'r2,"two\nlines, quoted",0.04,yesterday\n'
        f"{'x' * 201},long,0.05,2026-11-20\n"
        "r4,short\n"
        f"r5,long,{'9' * 50},2026-13-01\n"
    )

    assert complaints(text) == [
        "usage.csv:2:9: '1e-3' is no amount as 0.0875",
        "usage.csv:4:21: 'yesterday' is no instant as 2026-11-20T09:00:00Z",
        "usage.csv:5:1: an id of more than 200 characters",
        "usage.csv:6:1: the line has no 'amount'",
        f"usage.csv:7:9: '{'9' * 40}…' is no amount as 0.0875",
        f"usage.csv:7:{9 + 51}: '2026-13-01' is no instant as 2026-11-20T09:00:00Z",
    ]


def test_amounts_that_are_nearly_some_are_none() -> None:
    """A decimal comma, thousands, another currency, and what is finer than a nano-dollar."""
    for amount in ('"1,20"', '"1,000.00"', "€0.04", "NaN", "0.0000000001", ""):
        assert len(complaints(f"{HEADING}r1,{amount},2026-11-20\n")) == 1


def test_a_cell_at_the_very_end_has_its_place_too() -> None:
    """Even an empty one, in a file that ends without a line's end."""
    assert complaints(f"{HEADING}r1,0.04,")[0].startswith("usage.csv:2:1: '' is no instant")
    assert complaints(f"{HEADING}r1,0.04,\n")[0].startswith("usage.csv:2:9: '' is no instant")


def test_a_column_that_is_not_there_is_named() -> None:
    """With those that are, and how to say which it is."""
    (missing,) = complaints("id,amount,at\nr1,0.04,2026-11-20\n")
    (twice,) = complaints("ref,at,at,amount\nr1,2026-11-20,2026-11-20,0.04\n")

    assert missing == (
        "usage.csv:1:1: the column 'ref' is missing; the file has id, amount, at. Say which column "
        "it is, as --columns ref='id'"
    )
    assert twice.startswith("usage.csv:1:1: the column 'at' is there twice; the file has ref, at,")


def test_what_is_no_csv_is_told() -> None:
    """An empty file, and a quote that never ends."""
    assert complaints("") == ["usage.csv:1:1: the file is empty: its first line names the columns"]
    (found,) = complaints(f'{HEADING}r1,"0.04,2026-11-20\n')
    assert found.startswith("usage.csv:2:1: this is not CSV: ")


def test_not_all_of_a_thousand_mistakes_are_told() -> None:
    """The first of them, in the order of the file."""
    found = complaints(HEADING + "r1,much,2026-11-20\n" * 1000)

    assert len(found) == PROBLEMS_MAX
    assert found[-1].startswith(f"usage.csv:{PROBLEMS_MAX + 1}:4: 'much'")
