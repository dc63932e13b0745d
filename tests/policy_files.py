"""A small sound policy as text and as a value: what the policy tests break or bend."""

from functools import cache
from pathlib import Path
from typing import Any

from router.policy.policy import Policy
from router.policy.yaml_nodes import plain, read_tree

POLICY = """\
policy: thrift
summary: The cheapest that is up.
prefer: lowest_price
price_max: $0.50
failover: {providers_max: 2, double_spend_max: $3.00 per day}
deadline: 200s
prices: prices.yaml
budgets:
  - {name: monthly, who: everyone, limit: $70.00, per: month}
examples:
  - {job: 1k, expect: shortapi at $0.04}
"""
PRICES = """\
providers:
  - {provider: runpod, source: documents, failed_is_free: true}
  - {provider: shortapi, source: documents}
offers:
  - provider: shortapi
    model: nano-banana-2-edit
    slug: google/nano-banana-2/edit
    from: 2026-11-01
    source: its page
    verified: true
    per_image: {1k: $0.04, 2k: $0.06}
    aspect_ratio_required: true
    aspect_ratios: ["1:1", "16:9", "9:16"]
    images_max: 3
  - provider: runpod
    model: nano-banana-2-edit
    slug: google-nano-banana-2-edit
    from: 2026-11-01
    source: its page
    verified: true
    per_image: {1k: $0.0875, 2k: $0.13, 4k: $0.175}
    output_formats: [png, jpeg]
    data_urls: true
    body_bytes_max: 300
"""
BUDGETS = """\
- {name: monthly, who: everyone, limit: $70.00, per: month}
- {name: own, who: each_tenant, limit: $8, per: day, on_limit: downshift}
"""
INCLUDING = POLICY.replace(
    "budgets:\n  - {name: monthly, who: everyone, limit: $70.00, per: month}\n",
    "budgets: budgets.yaml\n",
)
"""The policy with its budgets in a file of their own."""


def write_policy(folder: Path, *, policy: str = POLICY, prices: str | None = PRICES) -> Path:
    """Write the files; returns the policy's. Without `prices`, no price book is written."""
    path = folder / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    if prices is not None:
        (folder / "prices.yaml").write_text(prices, encoding="utf-8")
    return path


def a_policy(*, prices: str = PRICES, **keys: Any) -> Policy:
    """Build the policy without a disk; `keys` replace what the file says, or add to it."""
    return Policy.model_validate({**_said(POLICY), "prices": _said(prices), **keys})


@cache
def _said(text: str) -> dict[str, Any]:
    """Read keys and values; kept, because reading YAML takes far longer than the rest."""
    said = plain(read_tree("policy.yaml", text).root)
    assert isinstance(said, dict)
    return said
