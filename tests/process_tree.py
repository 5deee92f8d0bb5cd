"""Which processes another one started, for tests of what is left of them."""

from __future__ import annotations

from pathlib import Path


def _facts(pid: str | int) -> list[str]:
    """Give state, parent and what follows of a process; nothing where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return stat[stat.rindex(")") + 2 :].split()


def runs(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be reaped."""
    facts = _facts(pid)
    return bool(facts) and facts[0] not in "ZX"


def children(pid: int) -> list[int]:
    """Give the running processes that `pid` started, oldest first."""
    found = [path.name for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sorted(
        int(one) for one in found if _facts(one)[1:2] == [str(pid)] and runs(int(one))
    )
