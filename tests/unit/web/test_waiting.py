from pathlib import Path
from typing import Any, cast

from router.model.job import JobState
from router.model.tasks import TaskRegistry
from router.web.waiting import Patience
from tests.stage import Stage
from tests.web_stage import NEVER, Front, open_house, soon


async def held(front: Front, patience: Patience, tasks: TaskRegistry) -> Any:
    """Start a watch that would last for ever, and give its task once it is held."""
    front.stage.troupe.acts["shortapi"].append(NEVER)
    job_id = await front.stage.submit()
    task = tasks.start("watch", patience.watch(front.services.watcher, job_id, 1e6))
    await soon(lambda: patience.waiting)
    return task


def crashed(name: str, error: BaseException) -> None:
    """Fail the test."""
    raise AssertionError(name) from error


async def test_hurrying_answers_everyone_who_waits(tmp_path: Path) -> None:
    """They get the job as it is, and from then on nobody is held."""
    patience, tasks = Patience(), TaskRegistry(crashed)
    async with open_house(tmp_path) as front:
        watching = [await held(front, patience, tasks) for _ in range(2)]

        patience.hurry()
        views = [await task for task in watching]
        again = await patience.watch(front.services.watcher, views[0].row.id, 1e6)

        assert patience.waiting == 0
    assert [view.row.state for view in (*views, again)] == [JobState.RUNNING] * 3


async def test_a_job_that_ends_ends_the_wait(tmp_path: Path) -> None:
    """The watcher's answer comes through, and nothing is left behind."""
    patience = Patience()
    async with open_house(tmp_path) as front:
        job_id = await front.stage.submit()
        view = await patience.watch(front.services.watcher, job_id, 1e6)
        missing = await patience.watch(front.services.watcher, cast("Any", "nobody"), 1e6)

    assert view is not None
    assert view.row.state is JobState.SUCCEEDED
    assert missing is None
    assert patience.waiting == 0


async def test_whoever_goes_away_is_no_longer_held(tmp_path: Path) -> None:
    """A cancelled wait leaves the job alone and is forgotten."""
    patience, tasks = Patience(), TaskRegistry(crashed)
    async with open_house(tmp_path) as front:
        stage: Stage = front.stage
        await held(front, patience, tasks)

        await tasks.stop()

        assert patience.waiting == 0
        assert len(stage.dispatcher.errands) == 1
        patience.hurry()
