"""Elements of SVG."""

from router.web.dashboard.charts.svg import TEXTURES, element, picture, swatch, textured, textures


def test_an_element_escapes_what_it_is_given() -> None:
    """Names of tenants and tags are others' words."""
    assert element("text", "a<b", class_="x", data_name='"&', gone=None) == (
        '<text class="x" data-name="&#34;&amp;">a&lt;b</text>'
    )


def test_a_picture_says_in_words_what_it_shows() -> None:
    """By its title and description, which nothing else on the page has the ids of."""
    drawn = picture("k", "What", "How <much>", 40, [element("g")], kind="bar")

    assert 'role="img"' in drawn
    assert 'aria-labelledby="k-title k-desc"' in drawn
    assert (
        '<title id="k-title">What</title><desc id="k-desc">How &lt;much&gt;</desc><g></g>' in drawn
    )


def test_every_series_has_a_texture_of_its_own() -> None:
    """The first has none, so that it is plain."""
    kinds = [textured("k", number) for number in range(TEXTURES)]

    assert kinds[0] is None
    assert len(set(kinds)) == TEXTURES
    assert all(f'id="{kind[5:-1]}"' in textures("k") for kind in kinds if kind is not None)


def test_a_sample_shows_colour_and_texture() -> None:
    """To the eye alone: the name beside it is what is read."""
    assert 'class="s2"' in swatch("k", 2)
    assert "url(#k-t2)" in swatch("k", 2)
    assert "url" not in swatch("k", 0, "m")
    assert 'aria-hidden="true"' in swatch("k", 0)
