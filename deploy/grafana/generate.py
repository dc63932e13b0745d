"""
Write the dashboards: `python -m deploy.grafana.generate`.

The JSON that Grafana reads is kept in the repository, and a test sees that it is what this writes.
"""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.finance_panels import FINANCE
from deploy.grafana.operator_panels import OPERATOR
from deploy.grafana.panels import Board, build

FOLDER = Path(__file__).parent / "dashboards"
BOARDS = (FINANCE, OPERATOR)


def written(board: Board) -> str:
    """A dashboard's file: the same bytes each time."""
    return json.dumps(build(board), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def path_of(board: Board) -> Path:
    """Where its file is."""
    return FOLDER / f"{board.uid}.json"


def main() -> None:
    """Write all of them."""
    for board in BOARDS:
        path_of(board).write_text(written(board), "utf-8")


if __name__ == "__main__":
    main()
