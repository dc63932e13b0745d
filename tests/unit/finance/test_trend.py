"""Lines through days."""

from fractions import Fraction

from router.finance.trend import DayPoint, trend


def days(*charged: int, expected: int = 1_000) -> list[DayPoint]:
    """Build days, the first of them today."""
    return [
        DayPoint(hours=-12 - 24 * number, expected=expected, charged=one)
        for number, one in enumerate(charged)
    ]


def test_a_line_through_days_on_a_line_is_that_line() -> None:
    """To the last digit, and with nothing around it."""
    found = trend(days(*(1_240 - 20 * number for number in range(14))))

    assert found is not None
    assert (found.slope, found.level) == (Fraction(20, 24_000), Fraction(125, 100))
    assert found.is_certain
    assert found.leads_to(12) == (Fraction(126, 100), Fraction(0))
    assert found.leads_to(-24 * 100)[0] == 0


def test_a_level_pace_has_no_trend() -> None:
    """Whether it is as expected or not."""
    for charged in (1_000, 700):
        found = trend(days(*[charged] * 14))
        assert found is not None
        assert not found.is_certain
        assert found.leads_to(500) == (Fraction(charged, 1_000), Fraction(0))


def test_days_that_scatter_have_no_certain_trend() -> None:
    """Further away it is less certain where it leads."""
    found = trend(days(*(1_000 + 90 * (number % 3 - 1) for number in range(15))))

    assert found is not None
    assert not found.is_certain
    assert 0 < found.leads_to(24)[1] < found.leads_to(240)[1]


def test_of_a_few_days_nothing_is_said() -> None:
    """Nor of days on which nothing is expected."""
    assert trend(days(*range(9))) is None
    assert trend(days(*[0] * 20, expected=0)) is None
