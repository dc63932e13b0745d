import xml.etree.ElementTree as ET

from router.finance.backtest.charts import kind_of, latency_chart, parts_chart, spend_chart

SVG = "{http://www.w3.org/2000/svg}"
HAPPENED = {
    "name": "what happened",
    "total": {"spend": "100.00", "spend_known": "100.00", "p50_s": 6.0, "p95_s": 14.0},
    "by_tenant": [{"name": "a<b", "spend": "60.00"}, {"name": "c", "spend": "40.00"}],
}
TESTED = {
    "name": "thrift & co",
    "total": {"spend": "50.00", "spend_known": "20.00", "p50_s": None, "p95_s": None},
    "by_tenant": [{"name": "a<b", "spend": "50.00"}],
}
SCENARIOS, KINDS = [HAPPENED, TESTED], ["happened", "tested"]


def drawn(picture: str) -> ET.Element:
    """The picture as XML: it is sound."""
    named = picture.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ET.fromstring(named)  # noqa: S314 - it is our own.


def widths(picture: str) -> list[float]:
    """The bars' lengths, in the order of the picture."""
    return [float(bar.attrib["width"]) for bar in drawn(picture).iter(f"{SVG}rect")]


def test_bars_are_as_long_as_the_spend_is_high() -> None:
    """What is expected stands behind what is known."""
    picture = spend_chart(SCENARIOS, KINDS)

    assert widths(picture) == [440.0, 88.0, 132.0]
    assert 'class="tested guess"' in picture


def test_pictures_have_a_title_and_say_what_they_show() -> None:
    """For whoever does not see them; names are escaped."""
    for picture in (
        spend_chart(SCENARIOS, KINDS),
        latency_chart(SCENARIOS, KINDS),
        parts_chart("by_tenant", "Spend by tenant", SCENARIOS, KINDS, "by_tenant", ["a<b", "c"]),
    ):
        svg = drawn(picture)
        title, told = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert title is not None
        assert told is not None
        assert svg.attrib["aria-labelledby"] == f"{title.attrib['id']} {told.attrib['id']}"
        assert "what happened" in str(told.text)
        assert "style=" not in picture


def test_latency_goes_from_half_to_ninety_five() -> None:
    """Of whom nothing is known, it says so."""
    picture = latency_chart(SCENARIOS, KINDS)

    assert "6.0 s to 14.0 s" in picture
    assert "not known" in picture
    assert len(list(drawn(picture).iter(f"{SVG}circle"))) == 2


def test_parts_say_by_how_much_they_change() -> None:
    """A part that one scenario does not have is nothing there."""
    picture = parts_chart("t", "Spend", SCENARIOS, KINDS, "by_tenant", ["a<b", "c"])
    texts = [text.text for text in drawn(picture).iter(f"{SVG}text")]

    assert texts == ["a<b", "\N{MINUS SIGN}16.7 %", "c", "\N{MINUS SIGN}100.0 %"]
    assert widths(picture) == [440.0, 366.6, 293.3, 0.5]
    alone = parts_chart("t", "Spend", [TESTED], ["tested"], "by_tenant", ["a<b"])
    assert [text.text for text in drawn(alone).iter(f"{SVG}text")] == ["a<b"]


def test_every_scenario_has_a_class_of_its_own() -> None:
    """Also where nothing is known of what happened; past four, colours come again."""
    assert [kind_of(place, has_past=True) for place in range(5)] == [
        "happened", "tested", "other-1", "other-2", "other-1",
    ]  # fmt: skip
    assert kind_of(0, has_past=False) == "tested"
