"""What deals with providers' accounts is one thing to its faces."""

from pathlib import Path

from router.dispatch.resolving import Resolver
from router.finance.accounts import Accounts
from router.ledger.executor import InlineExecutor
from tests.stage import Stage, play


def test_both_stand_on_the_same_books(tmp_path: Path) -> None:
    """Nobody's credit was read yet, so the watch knows of none."""

    async def story(stage: Stage) -> None:
        resolver = Resolver(stage.clock, stage.ledger, stage.dispatcher, stage.recovery)
        accounts = Accounts.of(
            stage.clock,
            stage.ledger,
            resolver,
            InlineExecutor(),
            lambda *_: None,
            lambda: stage.policy,
        )
        await accounts.watch.once()

        assert accounts.watch.credit("shortapi") is None

    play(tmp_path, story)
