"""Writes the dashboards into the chart, or, with --check, says which of them differ from their source."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from boards import BOARDS
from kit import build

TARGET = Path(__file__).resolve().parents[2] / "helm/onefill/dashboards"


def main() -> int:
    differing = []
    known = set()
    for board in BOARDS:
        path = TARGET / f"{board.file}.json"
        known.add(path)
        text = json.dumps(json.loads(JSONEncoder().encode(build(board))), indent=2, sort_keys=True) + "\n"
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                differing.append(path.name)
        else:
            TARGET.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    strays = [path.name for path in TARGET.glob("*.json") if path not in known]
    for name in differing:
        print(f"{name} differs from its source: make dashboards")
    for name in strays:
        print(f"{name} has no source in dev/dashboards/boards.py")
    return 1 if differing or strays else 0


if __name__ == "__main__":
    sys.exit(main())
