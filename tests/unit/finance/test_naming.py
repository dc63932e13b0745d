"""Which names can be filtered by."""

import pytest

from router.finance.naming import TOLD, Naming
from router.ledger.views import Names
from router.model.errors import Malformed
from tests.policy_files import a_policy

NAMING = Naming(
    providers=("shortapi", "runpod"),
    models=("nano-banana-2-edit",),
    titles={"shortapi": "ShortAPI Holdings", "runpod": "Runpod"},
)


class Used:
    """Books that some names stand in, and how they were asked."""

    def __init__(self, providers: tuple[str, ...] = (), models: tuple[str, ...] = ()) -> None:
        self.asked: list[str | None] = []
        self._names = Names(providers=frozenset(providers), models=frozenset(models))

    async def names(self, *, tenant: str | None = None) -> Names:
        """Note for whom."""
        self.asked.append(tenant)
        return self._names


async def test_what_the_price_book_has_needs_no_reading() -> None:
    """Nor does a filter that names neither."""
    books = Used()
    await NAMING.check(books, provider="runpod", model="nano-banana-2-edit")
    await NAMING.check(books)

    assert books.asked == []


async def test_what_was_used_once_may_be_filtered_by_for_ever() -> None:
    """Also when the price book has it no longer; a provider is no model."""
    books = Used(("formerly",), ("nano-banana-1-edit",))
    await NAMING.check(books, provider="formerly", model="nano-banana-1-edit")

    assert books.asked == [None]
    with pytest.raises(Malformed, match="a model 'formerly'"):
        await NAMING.check(books, model="formerly")


async def test_one_tenant_is_answered_from_its_own() -> None:
    """The books are asked of that one alone."""
    books = Used()
    naming = Naming.of(a_policy().prices, "acme")
    with pytest.raises(Malformed):
        await naming.check(books, model="nano-banana-9")

    assert books.asked == ["acme"]


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("provider", "runpood", "knows a provider 'runpood'; did you mean 'runpod'?"),
        ("provider", "Runpod", "knows a provider 'Runpod'; did you mean 'runpod'?"),
        ("provider", "RUNPOD", "knows a provider 'RUNPOD'; did you mean 'runpod'?"),
        ("provider", "ShortAPI Holdings", "'ShortAPI Holdings'; did you mean 'shortapi'?"),
        ("provider", "formrely", "'formrely'; did you mean 'formerly'?"),
        ("provider", "x", "knows a provider 'x': there are formerly, runpod, shortapi."),
        ("provider", "", "knows a provider '': there are formerly, runpod, shortapi."),
        ("model", "Nano-Banana-2-Edit", "'Nano-Banana-2-Edit'; did you mean 'nano-banana-2-edit'?"),
        ("model", "zzz", "knows a model 'zzz': there are nano-banana-2-edit."),
        ("model", "z" * 65, f"knows a model '{'z' * 64}': there are nano-banana-2-edit."),
    ],
)
async def test_any_other_is_refused_with_what_may_be_meant(kind: str, name: str, told: str) -> None:
    """A provider by its title, too: FOCUS files and invoices call it so."""
    with pytest.raises(Malformed) as refused:
        await NAMING.check(Used(("formerly",)), **{kind: name})

    assert refused.value.detail.startswith("Neither the price book nor the ledger knows a ")
    assert refused.value.detail.endswith(told)


async def test_not_more_names_are_told_than_anybody_reads() -> None:
    """How many more there are, is; of none there is nothing to tell."""
    many = Used(models=tuple(f"m{number:02}" for number in range(TOLD + 2)))
    nobody = Naming(providers=(), models=(), titles={})
    with pytest.raises(Malformed, match=r"there are m00, .*, m19 and 2 more$"):
        await nobody.check(many, model="x")
    with pytest.raises(Malformed, match=r"knows a model 'x'\.$"):
        await nobody.check(Used(), model="x")


def test_titles_are_the_price_books() -> None:
    """Those that it states; a provider without one has its name."""
    prices = a_policy().prices
    titled = prices.providers[0].model_copy(update={"title": "A Title"})
    book = prices.model_copy(update={"providers": (titled, *prices.providers[1:])})

    assert Naming.of(book).titles[titled.provider] == "A Title"
    assert Naming.of(book).providers == prices.provider_names
