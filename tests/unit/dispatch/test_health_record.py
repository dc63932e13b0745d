"""An attempt is counted when it starts, and once when it ends."""

from router.dispatch.health_record import Probe, Record
from router.dispatch.health_window import Share
from router.model.ids import AttemptId
from tests.fakes import EPOCH

A, B = AttemptId("a"), AttemptId("b")


def test_an_end_counts_once() -> None:
    """What is told of an attempt after its end, or of one that nobody began, changes nothing."""
    record = Record(since=EPOCH)
    record.begin(A, 0.0)
    record.begin(B, 0.0)
    record.end(A, failed=True)
    record.end(A, failed=True)
    record.excuse(A)
    assert record.window.share(1.0) == Share(started=2, failed=1)
    record.excuse(B)
    record.end(B, failed=True)
    record.end(AttemptId("unheard-of"), failed=True)
    assert record.window.share(1.0) == Share(started=1, failed=1)
    assert record.begun == {}


def test_one_attempt_is_the_probe() -> None:
    """And no other."""
    record = Record(since=EPOCH)
    assert not record.is_probe(A)
    record.probe = Probe(A, 0.0)
    assert (record.is_probe(A), record.is_probe(B)) == (True, False)
