"""Which earlier job a request that is sent again without a key stands for."""

from collections.abc import Callable

import pytest

from router.model.ids import JobId
from router.web import lost_answers
from router.web.lost_answers import ADOPTED_WITHIN_S, Asker, LostAnswers, Owed
from tests.fakes import FakeClock

ADA: Asker = ("acme", "key-1", "f1")
EVE: Asker = ("beta", "key-2", "f1")


class Line:
    """A client's connection."""

    def __init__(self) -> None:
        self.closed = False

    def is_gone(self) -> bool:
        """Whether it has closed."""
        return self.closed


class Desk:
    """Lost answers, with a connection for each."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.answers = LostAnswers(self.clock)

    def ask(self, job: str, asker: Asker = ADA) -> tuple[Owed, Line]:
        """Have a request wait for its answer."""
        line = Line()
        return self.answers.owe(asker, JobId(job), line.is_gone), line

    def adopts(self, asker: Asker = ADA, *, says_again: bool = False) -> str | None:
        """Which job an equal request is given."""
        found = self.answers.adopt(asker)
        if found is None and says_again:
            found = self.answers.adopt_told(asker)
        return found.job_id if found is not None else None


def test_what_is_asked_on_live_connections_is_bought_separately() -> None:
    """Two equal requests at once are two purchases, as one that has been answered is a past one."""
    desk = Desk()
    desk.ask("j1")
    desk.ask("j2")[0].told()

    assert desk.adopts() is None


def test_each_answer_whose_connection_closed_is_adopted_once() -> None:
    """Of two that were lost, two requests get one each, and a third is a new purchase."""
    desk = Desk()
    for job in ("j1", "j2"):
        desk.ask(job)[1].closed = True

    assert [desk.adopts() for _ in range(3)] == ["j1", "j2", None]


def lose_by_writing(desk: Desk, owed: Owed) -> None:
    """The answer could not be written, or was a 5xx."""
    del desk
    owed.lost()


def lose_by_status(desk: Desk, owed: Owed) -> None:
    """The job's status or image was answered with a 5xx later."""
    owed.told()
    desk.answers.lose("acme", JobId("j1"))


@pytest.mark.parametrize("lose", [lose_by_writing, lose_by_status])
def test_an_answer_that_we_failed_to_give_is_adopted(lose: Callable[[Desk, Owed], None]) -> None:
    """Whether it was the create's own, or one that came of it."""
    desk = Desk()
    owed, _ = desk.ask("j1")
    lose(desk, owed)

    assert [desk.adopts(), desk.adopts()] == ["j1", None]


def test_an_answer_to_whoever_adopted_it_can_be_lost_again() -> None:
    """Each try that is lost is found by the next."""
    desk = Desk()
    for _ in range(3):
        _, line = desk.ask("j1")
        line.closed = True
        assert desk.adopts() == "j1"

    assert desk.adopts() is None


def test_nobody_is_given_anothers() -> None:
    """Neither another tenant's, nor by a status that another tenant asked for."""
    desk = Desk()
    owed, _ = desk.ask("j1")
    owed.told()
    desk.answers.lose("beta", JobId("j1"))
    desk.answers.lose("acme", JobId("j-unknown"))
    assert desk.adopts() is None

    _, line = desk.ask("j2", EVE)
    line.closed = True
    assert desk.adopts() is None
    assert desk.adopts(EVE) == "j2"


def test_a_client_that_says_it_is_again_is_believed() -> None:
    """It gets what was lost first, then what was written; the last live one only on request."""
    desk = Desk()
    desk.ask("j1")
    desk.ask("j2")[0].told()
    desk.ask("j3")[1].closed = True

    assert [desk.adopts(says_again=True) for _ in range(3)] == ["j3", "j2", None]
    live = desk.answers.adopt_live(ADA)
    assert live is not None
    assert live.job_id == "j1"
    assert desk.answers.adopt_live(ADA) is None
    assert desk.answers.knows(ADA) == {"j1", "j2", "j3"}


def test_who_has_bought_nothing_is_owed_nothing() -> None:
    """A refused request that is sent again is a new one; whoever waits for its job is let go."""
    desk = Desk()
    owed, line = desk.ask("j1")
    desk.answers.withdraw(owed, comes_again=False)
    owed.lost()
    owed.told()
    line.closed = True

    assert desk.adopts(says_again=True) is None
    assert desk.answers.adopt_live(ADA) is None
    assert desk.answers.adopt_refused(ADA) is None


def test_the_retry_of_a_refusal_is_a_purchase() -> None:
    """Not the job of an equal request that was answered; once."""
    desk = Desk()
    desk.ask("j1")[0].told()
    owed, _ = desk.ask("j2")
    desk.answers.withdraw(owed, comes_again=True)
    owed.lost()

    assert desk.adopts() is None
    assert desk.answers.adopt_refused(ADA) is owed
    assert desk.answers.adopt_refused(ADA) is None
    assert desk.adopts(says_again=True) == "j1"


def test_what_was_adopted_in_vain_can_be_adopted_again() -> None:
    """Whoever took it could not be answered either."""
    desk = Desk()
    desk.ask("j1")[1].closed = True
    found = desk.answers.adopt(ADA)
    assert found is not None
    found.give_back()

    assert [desk.adopts(), desk.adopts()] == ["j1", None]


def test_a_job_that_was_under_way_at_a_start_is_a_lost_answer() -> None:
    """Unless its client comes for it by its id: then it has not lost it."""
    desk = Desk()
    for job in ("j1", "j2"):
        desk.answers.restore(ADA, JobId(job))
    desk.answers.found("beta", JobId("j1"))
    desk.answers.found("acme", JobId("j1"))
    desk.ask("j3")[1].closed = True
    desk.answers.found("acme", JobId("j3"))

    assert [desk.adopts(), desk.adopts(), desk.adopts()] == ["j2", "j3", None]


def test_after_ten_minutes_it_is_a_new_purchase() -> None:
    """And nothing is kept of it."""
    desk = Desk()
    desk.ask("j1")[1].closed = True
    desk.clock.advance(ADOPTED_WITHIN_S / 2)
    desk.ask("j2")[1].closed = True
    desk.clock.advance(ADOPTED_WITHIN_S / 2 + 1)

    assert [desk.adopts(), desk.adopts()] == ["j2", None]
    desk.clock.advance(ADOPTED_WITHIN_S)
    assert desk.adopts() is None
    assert desk.answers.knows(ADA) == set()


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the oldest goes."""
    monkeypatch.setattr(lost_answers, "OWED_MAX", 2)
    desk = Desk()
    for job in ("j1", "j2", "j3"):
        desk.ask(job)[1].closed = True

    assert [desk.adopts(), desk.adopts(), desk.adopts()] == ["j2", "j3", None]
