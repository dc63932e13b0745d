"""The books' housekeeping: what is kept for a time only, and our own secrets. No money is in it."""

import secrets
from datetime import datetime
from typing import Any

from router.ledger.books import Books, Part
from router.ledger.store import Store, StoreUnavailable
from router.model.errors import LedgerUnavailable
from router.model.ids import JobId

SECRET_BYTES = 32


class Housekeeping(Books):
    """What changes in the books beside the money. Each is done whole or, on error, not at all."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._kept = store

    async def secret(self, name: str) -> bytes:
        """A secret of this ledger's own, random and the same for ever: made at its first use."""
        rows = await self._read("secret", name=name)
        if not rows:
            await self._change("make_secret", name=name, value=secrets.token_hex(SECRET_BYTES))
            # Another may have been quicker: its secret is everybody's.
            rows = await self._read("secret", name=name)
        return bytes.fromhex(rows[0]["value"])

    async def keep_policy(self, policy_hash: str, name: str, at: datetime, bundle: str) -> None:
        """
        Keep the files of a policy that comes in force. Again is as once.

        Args:
            policy_hash: By which jobs name it.
            name: The policy's own.
            at: Since when it is in force.
            bundle: All of its files, as `policy.loader` writes them.

        Raises:
            LedgerUnavailable: It is not kept.
        """
        await self._change("keep_policy", hash=policy_hash, name=name, at=at, bundle=bundle)

    async def forget_addresses(self, before: datetime) -> None:
        """Drop where clients were told, of jobs admitted before an instant; not what is due."""
        await self._change("forget_addresses", before=before)

    async def forget_promises(self, before: datetime) -> None:
        """
        Drop idempotency keys made before an instant whose job has ended.

        Raises:
            LedgerUnavailable: They are kept for now.
        """
        await self._change("forget_idempotency", before=before)

    async def forget_part(self, job_id: JobId, part: Part, request: str, at: datetime) -> None:
        """
        Replace what a job's client sent by what may be kept of it. The job has ended.

        Args:
            job_id: Whose.
            part: What is no longer kept.
            request: What is left.
            at: Now.

        Raises:
            LedgerUnavailable: It is kept for now.
        """
        await self._change(f"forget_{part}", id=job_id, request=request, at=at)

    async def _change(self, statement: str, **parameters: Any) -> None:
        """Run a statement of housekeeping, or leave everything as it was."""
        try:
            await self._kept.execute(statement, **parameters)
        except StoreUnavailable as error:
            raise LedgerUnavailable from error
