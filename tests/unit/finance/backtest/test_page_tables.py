from router.finance.backtest.document import amounts_of
from router.finance.backtest.page_tables import (
    parts_table,
    reasons_table,
    scrolled,
    spend_table,
    times_table,
    whole_table,
)
from router.finance.backtest.tallies import Cell

KINDS = ["happened", "tested"]


def scenario(name: str, nanos: int, **fields: object) -> dict[str, object]:
    """A scenario of one part."""
    amounts = amounts_of(Cell(jobs=2, bought=2, nanos=nanos, delivered=2_000_000))
    line = {"name": "a<b", **amounts}
    return {
        "name": name,
        "total": amounts,
        "by_tenant": [line],
        "denied_by": {},
        "not_served_because": {},
        **fields,
    }


SCENARIOS = [scenario("what happened", 2_000_000_000), scenario("thrift", 1_500_000_000)]


def test_what_happened_is_compared_with() -> None:
    """In dollars and percent, with a minus that is one."""
    table = spend_table(SCENARIOS, KINDS)

    assert "\N{MINUS SIGN}$0.50&nbsp;(\N{MINUS SIGN}25.0&nbsp;%)" in table
    assert table.count("<tr") == 3


def test_names_are_escaped() -> None:
    """A tenant may be called anything."""
    for table in (
        parts_table(SCENARIOS, KINDS, "by_tenant", "tenant", ["a<b"]),
        whole_table(SCENARIOS, KINDS, "by_tenant", "tenant"),
    ):
        assert "a&lt;b" in table
        assert "a<b" not in table


def test_all_figures_stand_in_the_whole_table() -> None:
    """A row for each scenario, its part's name once; a part that one does not have is left out."""
    lacking = [SCENARIOS[0], {**SCENARIOS[1], "by_tenant": []}]

    assert whole_table(SCENARIOS, KINDS, "by_tenant", "tenant").count("a&lt;b") == 1
    assert whole_table(lacking, KINDS, "by_tenant", "tenant").count("<tr") == 3
    assert "\N{EN DASH}" in parts_table(lacking, KINDS, "by_tenant", "tenant", ["a<b"])
    assert "thrift" in whole_table(SCENARIOS, KINDS, "", "")
    assert "25.0" not in whole_table(SCENARIOS[1:], KINDS[1:], "", "")


def test_times_are_told_beside_their_picture() -> None:
    """Of whom nothing is known, a dash."""
    assert times_table(SCENARIOS, KINDS).count("\N{EN DASH}") == 4


def test_reasons_are_told_where_something_is_not_bought() -> None:
    """Else a sentence says that everything is."""
    refusing = scenario("thrift", 1, denied_by={"daily": 1200}, not_served_because={"a & b": 7})

    assert reasons_table(SCENARIOS) == "<p>Every job is bought.</p>"
    table = reasons_table([refusing])
    assert "the budget &#x27;daily&#x27; had no room" in table
    assert "1,200" in table
    assert "a &amp; b" in table


def test_a_wide_table_scrolls_by_itself() -> None:
    """By keyboard as well, and says what it is."""
    table = scrolled("Spend", ["", "spend"], [["<tr></tr>"]])

    assert 'tabindex="0" role="region" aria-label="Spend"' in table
    assert '<th scope="col" class="number">spend</th>' in table
