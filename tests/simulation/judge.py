"""
What must be true of the money, whatever happened: each rule a function with a sentence.

They read the ledger's file itself and the emulators' own truth; none asks the code under test.
The exceptions are named where they are made, and nowhere else.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import apsw

from router.model.clock import Clock, from_rfc3339
from router.observe.events import Event
from router.policy.policy import DOUBLE_SPEND, Policy
from router.policy.windows import Rolling
from router.sandbox import Sandbox
from router.sandbox.truth import Create

CANARY = "canary"
LATE_S = 60.0
"""How long after its deadline a job may still be told to run, the router being up."""
HELD = frozenset({"held", "dispatching", "running"})
_RANKS = {
    "held": 0,
    "dispatching": 1,
    "running": 2,
    "in_doubt": 3,
    "posted_presumed": 4,
    "posted": 5,
    "voided": 5,
}
_ATTEMPT = (
    "id, job_id, number, provider, state, quoted, posted, windows, callback_token, provider_ref,"
    " quote_raw, outcome, detail, dispatched_at"
)
_JOB = "id, state, deadline_at, ended_at, error_code, error_detail, delivered_by, batch"
_AMOUNTS = ("posted", "presumed", "held", "in_doubt")


class Violation(AssertionError):
    """A rule of money was broken."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as its row says."""

    id: str
    job_id: str
    number: int
    provider: str
    state: str
    quoted: int
    posted: int
    windows: str
    token: str
    ref: str | None
    quote_raw: str | None
    outcome: str | None
    detail: str | None
    dispatched_at: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact of the journal."""

    seq: int
    attempt_id: str
    kind: str
    posted: int
    presumed: int
    held: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class JobNow:
    """A job as its row says."""

    id: str
    state: str
    deadline_at: str
    ended_at: str | None
    error_code: str | None
    detail: str | None
    delivered_by: str | None
    batch: str | None


Key = tuple[str, str, str]


@dataclass
class Books:
    """Everything in the ledger's file at one instant."""

    attempts: dict[str, Attempt]
    entries: list[Entry]
    balances: dict[Key, tuple[int, ...]]
    jobs: dict[str, JobNow]
    promises: dict[str, str]

    def moves(self) -> dict[str, list[Entry]]:
        """The entries of each attempt, in order."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[entry.attempt_id].append(entry)
        return found


def read_books(database: apsw.Connection) -> Books:
    """Read a ledger's file."""
    run = database.execute
    attempts = [Attempt(*row) for row in run(f"SELECT {_ATTEMPT} FROM attempts")]  # noqa: S608
    entries = run(
        "SELECT seq, attempt_id, kind, posted, presumed, held, in_doubt FROM entries ORDER BY 1"
    )
    balances = run(
        "SELECT budget, scope, window_start, posted, presumed, held, in_doubt FROM balances"
    )
    jobs = run(f"SELECT {_JOB} FROM jobs")  # noqa: S608
    promises = run("SELECT tenant || ' ' || idempotency_key, job_id FROM idempotency")
    return Books(
        attempts={attempt.id: attempt for attempt in attempts},
        entries=[Entry(*row) for row in entries],
        balances={row[:3]: row[3:] for row in balances},
        jobs={row[0]: JobNow(*row) for row in jobs},
        promises=dict(promises),
    )


@cache
def windows_of(text: str) -> tuple[Key, ...]:
    """The balances that an attempt counts in."""
    return tuple((budget, scope, start) for budget, scope, start, *_ in json.loads(text))


def require(holds: object, rule: str, seen: object) -> None:
    """Break off when a rule does not hold."""
    if not holds:
        raise Violation(f"{rule}: {seen}")


# The rules that hold at every instant.


def i1_balances_are_the_journals_sum(books: Books) -> None:
    """I1: each balance is the sum of the entries that count in it."""
    sums: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for entry in books.entries:
        for key in windows_of(books.attempts[entry.attempt_id].windows):
            for place, amount in enumerate(_AMOUNTS):
                sums[key][place] += getattr(entry, amount)
    for key in sums.keys() | books.balances.keys():
        summed, kept = tuple(sums[key]), books.balances.get(key, (0, 0, 0, 0))
        require(summed == kept, "I1", (key, summed, kept))


def i2_limits_hold(books: Books, limits: Mapping[str, int], rolling: frozenset[str]) -> None:
    """
    I2: posted, presumed, held and in doubt stay within each limit, itemised overage aside.

    Args:
        books: All of them.
        limits: In nano-dollars, by budget.
        rolling: Budgets whose hours count together; a run is shorter than what they roll over.
    """
    over: dict[Key, int] = defaultdict(int)
    quoted = {attempt.id: attempt.quoted for attempt in books.attempts.values()}
    for entry in books.entries:
        excess = 0
        if entry.kind == "overage":
            excess = entry.posted
        elif entry.kind == "adjust":
            excess = max(0, entry.posted - quoted[entry.attempt_id])
        if excess:
            for key in windows_of(books.attempts[entry.attempt_id].windows):
                over[key] += excess
    within: dict[Key, int] = defaultdict(int)
    for key, amounts in books.balances.items():
        name, scope, start = key
        within[name, scope, "" if name in rolling else start] += sum(amounts) - over[key]
    for key, used in within.items():
        require(used <= limits[key[0]], "I2", (key, used))


def i3_holds_and_open_attempts_are_the_same(books: Books) -> None:
    """I3: every open attempt has its hold, every hold its open attempt; each at its amount."""
    moves = books.moves()
    for attempt in books.attempts.values():
        mine = moves[attempt.id]
        seen = {amount: sum(getattr(one, amount) for one in mine) for amount in _AMOUNTS}
        expected = {
            "posted": attempt.posted,
            "presumed": attempt.quoted * (attempt.state == "posted_presumed"),
            "held": attempt.quoted * (attempt.state in HELD),
            "in_doubt": attempt.quoted * (attempt.state == "in_doubt"),
        }
        require(seen == expected, "I3", (attempt, seen))


def i4_one_hold_and_one_end(books: Books) -> None:
    """I4: an attempt is held once and ends at most once."""
    for attempt_id, mine in books.moves().items():
        kinds = [one.kind for one in mine]
        ends = [kind for kind in kinds if kind in {"post", "void", "presume"}]
        require(kinds.count("hold") == 1 and len(ends) <= 1, "I4", (attempt_id, kinds))


def i10_no_more_attempts_than_the_policy_pays_for(books: Books, policy: Policy) -> None:
    """I10: a job is tried once at a provider, and as often as the policy says at most."""
    tried: dict[str, list[str]] = defaultdict(list)
    for attempt in books.attempts.values():
        tried[attempt.job_id].append(attempt.provider)
    for job_id, providers in tried.items():
        once = len(providers) == len(set(providers))
        enough = len(providers) <= policy.failover.providers_max
        require(once and enough, "I10", (job_id, providers))


def i10_each_attempt_is_sent_once(creates: Iterable[Create]) -> None:
    """I10: a provider sees at most one create for an attempt."""
    seen: set[str | None] = set()
    for create in creates:
        token = create.facts.callback_token
        require(token is not None and token not in seen, "I10", create)
        seen.add(token)


def i17_a_no_is_kept(books: Books, truth: "Truth", told: Mapping[str, Collection[str]]) -> None:
    """
    I17: from the moment a client hears that its job is called off, no attempt is sent for it.

    Args:
        books: All of them.
        truth: What arrived at the providers.
        told: By job, the attempts that the file had as dispatched when its client heard. So the
            order of commits decides, also between those of one instant, and no clock does.
    """
    for attempt in books.attempts.values():
        sent = attempt.dispatched_at is not None or truth.arrived(attempt)
        before = told.get(attempt.job_id)
        require(before is None or not sent or attempt.id in before, "I17", (attempt, before))


def i18_what_is_asked_for_together_is_bought_together(
    books: Books, together: Mapping[str, int]
) -> None:
    """
    I18: of the edits of one request all are in the books, or none is.

    Args:
        books: All of them.
        together: How many each request asked for, by the first one's id.
    """
    bought = Counter(job.batch for job in books.jobs.values() if job.batch is not None)
    for first, count in bought.items():
        require(together[first] == count, "I18", (first, count, together[first]))


def i5_nothing_charged_is_voided(books: Books, truth: "Truth") -> None:
    """I5: what a provider charged, net of refunds, is posted, presumed, held or in doubt."""
    for attempt in books.attempts.values():
        if attempt.state == "voided" and not truth.is_muddled(attempt):
            require(truth.net(attempt) == 0, "I5", (attempt, truth.net(attempt)))


# The rules between two instants.


def i1_the_journal_only_grows(before: Books, after: Books) -> None:
    """I1: entries are facts: what stood in the journal still stands there."""
    require(after.entries[: len(before.entries)] == before.entries, "I1", "the journal changed")


def i9_states_only_go_on(before: Books, after: Books) -> None:
    """I9: an end is an end; only a late result turns a failed job succeeded."""
    for job in before.jobs.values():
        now = after.jobs[job.id].state
        harvested = (job.state, now) == ("failed", "succeeded")
        ended = job.state in {"succeeded", "failed", "cancelled"}
        require(not ended or now == job.state or harvested, "I9", (job, now))
    for attempt in before.attempts.values():
        then, now = attempt.state, after.attempts[attempt.id].state
        onward = _RANKS[now] > _RANKS[then] or now == then
        require(onward, "I9", (attempt, now))


def i7_a_key_is_one_job(before: Books, after: Books) -> None:
    """I7: an idempotency key stands for the same job for as long as it is kept."""
    for key, job_id in before.promises.items():
        require(after.promises.get(key, job_id) == job_id, "I7", key)


# The rules at rest.


def i8_everything_has_ended(books: Books) -> None:
    """I8: with the faults gone, every job has ended and no hold is open."""
    for job in books.jobs.values():
        require(job.state not in {"queued", "running"}, "I8", job)
    for attempt in books.attempts.values():
        require(attempt.state in {"posted", "voided", "posted_presumed"}, "I8", attempt)


def i8_every_end_has_its_reason(books: Books, unwanted: Collection[str]) -> None:
    """
    I8: a job succeeds by an attempt of its own that delivered, and fails only without one.

    That its deadline is exceeded is told only then; that too much waited, only of an edit of which
    an attempt waited for its turn until it could not be made in time any more, and was never sent.

    Args:
        books: All of them.
        unwanted: Jobs that a client asked to cancel: no other may end so.
    """
    delivered: dict[str, set[str]] = defaultdict(set)
    hopeless: set[str] = set()
    for attempt in books.attempts.values():
        if attempt.outcome == "delivered" and attempt.state == "posted":
            delivered[attempt.job_id].add(attempt.id)
        if attempt.outcome == "too_late" and attempt.dispatched_at is None:
            hopeless.add(attempt.job_id)
    for job in books.jobs.values():
        mine = delivered[job.id]
        if job.state == "succeeded":
            require(job.delivered_by in mine, "I8", (job, mine))
        elif job.state == "failed":
            is_over = (job.ended_at or "") >= job.deadline_at
            in_time = job.error_code != "deadline_exceeded" or is_over
            is_load = job.error_code != "overloaded" or job.id in hopeless
            require(not mine and in_time and is_load, "I8", (job, mine))
        else:
            require(job.id in unwanted, "I8", job)


def i5_the_ledger_is_the_truth(books: Books, truth: "Truth") -> None:
    """I5: to the nano-dollar, what was posted for an attempt is what its provider charged."""
    sums: dict[str, int] = defaultdict(int)
    for attempt in books.attempts.values():
        if attempt.state == "posted_presumed" or truth.is_muddled(attempt):
            continue
        if attempt.state == "posted" and truth.is_untold(attempt):
            continue
        net = truth.net(attempt)
        require(attempt.posted == net, "I5", (attempt, net))
        sums[attempt.provider] += attempt.posted - net
    require(not any(sums.values()), "I5", dict(sums))


def i5_every_create_is_in_the_books(books: Books, truth: "Truth") -> None:
    """I5: no create reached a provider of which the ledger does not know."""
    tokens = {attempt.token for attempt in books.attempts.values()}
    for create in truth.creates:
        require(create.facts.callback_token in tokens, "I5", create)


def i5_only_what_was_taken_on_delivers(books: Books, truth: "Truth") -> None:
    """I5: an image comes from a provider that took the job, and from no other."""
    for attempt in books.attempts.values():
        if attempt.outcome == "delivered":
            require(truth.took(attempt), "I5", attempt)


def i11_nothing_secret_is_told(books: Books, events: Iterable[Event]) -> None:
    """I11: no prompt, key or signed URL stands in an event or in an error's words."""
    for event in events:
        require(CANARY not in repr(event), "I11", event)
    details = [job.detail for job in books.jobs.values()]
    details += [attempt.detail for attempt in books.attempts.values()]
    for detail in details:
        require(CANARY not in (detail or ""), "I11", detail)


class Truth:
    """The emulators' own books, by attempt."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._truth = sandbox.truth
        self.creates = self._truth.creates
        self._by_token = {create.facts.callback_token: create for create in self.creates}
        accepted = [create for create in self.creates if create.accepted]
        refs = [(create.provider, create.ref) for create in accepted]
        self._twice = {ref for ref in refs if refs.count(ref) > 1}
        self._nets: dict[int, int] = defaultdict(int)
        for entry in self._truth.entries:
            sign = 1 if entry.kind == "charge" else -1
            self._nets[entry.create] += sign * entry.amount_nanos

    def net(self, attempt: Attempt) -> int:
        """Charges less refunds, in nano-dollars; zero for what never arrived."""
        create = self._by_token.get(attempt.token)
        return self._nets[create.number] if create else 0

    def arrived(self, attempt: Attempt) -> bool:
        """Whether its create reached the provider."""
        return attempt.token in self._by_token

    def took(self, attempt: Attempt) -> bool:
        """Whether the provider took the job, whatever became of the reply."""
        create = self._by_token.get(attempt.token)
        return create is not None and create.accepted

    def is_muddled(self, attempt: Attempt) -> bool:
        """The provider gave one id to two jobs: nobody can tell their ends apart."""
        create = self._by_token.get(attempt.token)
        return create is not None and (create.provider, create.ref) in self._twice

    def is_untold(self, attempt: Attempt) -> bool:
        """
        The provider never said what it charged, or said nonsense: the pinned price is posted.

        ShortAPI names an amount at the create only, which its terms call a quote.
        """
        create = self._by_token.get(attempt.token)
        faults = create.faults if create else ()
        drifted = attempt.provider == "shortapi" and "cost_drift" in faults
        return drifted or "cost_garbage" in faults


@dataclass
class Judge:
    """Checks the rules, all through a run."""

    path: Path
    policy: Policy
    clock: Clock
    sandbox: Sandbox
    acknowledged: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)
    unwanted: set[str] = field(default_factory=set)
    called_off: dict[str, frozenset[str]] = field(default_factory=dict)
    together: dict[str, int] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._database = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)
        self._before: Books | None = None
        self._up_since_s = 0.0
        self._limits = {budget.name: budget.limit.nanos for budget in self.policy.budgets}
        rolling = (one.name for one in self.policy.budgets if isinstance(one.per, Rolling))
        self._rolling = frozenset(rolling)
        self._limits[DOUBLE_SPEND] = self.policy.failover.double_spend_max.nanos
        self.checks = 0

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def restarted(self) -> None:
        """Note that a router has just recovered."""
        self._up_since_s = self.clock.monotonic_s()

    def admitted(self, job_id: str, key: str | None, fingerprint: str) -> None:
        """I7, I8: note what a client was answered."""
        self.acknowledged.add(job_id)
        if key is not None:
            known = self.keys.setdefault(key, (job_id, fingerprint))
            require(known == (job_id, fingerprint), "I7", (key, known, job_id, fingerprint))

    def asks_together(self, job_id: str, edits: int) -> None:
        """I18: note how many edits a request asks for, under the first one's id."""
        self.together[job_id] = edits

    def conflicted(self, key: str | None, fingerprint: str) -> None:
        """I7: a conflict must be one."""
        known = self.keys.get(key or "")
        require(known is None or known[1] != fingerprint, "I7", (key, known, fingerprint))

    def refused(self, job_id: str) -> None:
        """I14: note who was refused for money: no row of its own may be there."""
        self.refusals.add(job_id)

    def changed_mind(self, job_id: str) -> None:
        """I8: note that a client asks to cancel a job, whether or not it hears an answer."""
        self.unwanted.add(job_id)

    def told_called_off(self, job_id: str) -> None:
        """I17: note what was sent of a job when its client heard that nothing more will be."""
        rows = self._database.execute(
            "SELECT id FROM attempts WHERE job_id = ? AND dispatched_at IS NOT NULL", (job_id,)
        )
        self.called_off.setdefault(job_id, frozenset(attempt_id for (attempt_id,) in rows))

    def check_intent(self, provider: str, token: str | None) -> None:
        """I6: the moment before the first byte, a durable row says that it may leave."""
        rows = list(
            self._database.execute(
                "SELECT state FROM attempts WHERE provider = ? AND callback_token = ?",
                (provider, token),
            )
        )
        require(rows == [("dispatching",)], "I6", (provider, token, rows))

    def read(self) -> Books:
        """Read the ledger's file."""
        return read_books(self._database)

    def check(self, *, is_up: bool = False) -> None:
        """Check what holds at every instant, and between this one and the last."""
        books, truth = self.read(), Truth(self.sandbox)
        self.checks += 1
        i1_balances_are_the_journals_sum(books)
        i2_limits_hold(books, self._limits, self._rolling)
        i3_holds_and_open_attempts_are_the_same(books)
        i4_one_hold_and_one_end(books)
        i5_nothing_charged_is_voided(books, truth)
        i5_every_create_is_in_the_books(books, truth)
        i5_only_what_was_taken_on_delivers(books, truth)
        i10_no_more_attempts_than_the_policy_pays_for(books, self.policy)
        i10_each_attempt_is_sent_once(truth.creates)
        i17_a_no_is_kept(books, truth, self.called_off)
        i18_what_is_asked_for_together_is_bought_together(books, self.together)
        self._check_answers(books)
        if is_up:
            self._check_deadlines(books)
        if self._before is not None:
            for rule in BETWEEN:
                rule(self._before, books)
        self._before = books

    def check_at_rest(self, events: Iterable[Event]) -> None:
        """Check what holds when nothing is under way any more."""
        self.check(is_up=True)
        books, truth = self.read(), Truth(self.sandbox)
        i8_everything_has_ended(books)
        i8_every_end_has_its_reason(books, self.unwanted)
        i5_the_ledger_is_the_truth(books, truth)
        i11_nothing_secret_is_told(books, events)

    def _check_answers(self, books: Books) -> None:
        """I8, I14: who was told of a job finds it; who was refused has left no row."""
        missing = self.acknowledged - books.jobs.keys()
        require(not missing, "I8", missing)
        require(not self.refusals & books.jobs.keys(), "I14", self.refusals)

    def _check_deadlines(self, books: Books) -> None:
        """I8: while the router is up, no job is told to run long after its deadline."""
        up_s = self.clock.monotonic_s() - self._up_since_s
        if up_s < LATE_S:
            return
        now = self.clock.now()
        for job in books.jobs.values():
            late_s = (now - from_rfc3339(job.deadline_at)).total_seconds()
            open_ = job.state in {"queued", "running"}
            require(not open_ or late_s < LATE_S, "I8", (job, late_s))


BETWEEN: tuple[Callable[[Books, Books], None], ...] = (
    i1_the_journal_only_grows,
    i9_states_only_go_on,
    i7_a_key_is_one_job,
)
"""The rules between two instants."""
