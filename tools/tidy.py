#!/usr/bin/env python3
"""Check the house rules: one line a finding, `file:line: rule: message`; exit code 1 if any.

python3 tools/tidy.py            the whole tree
python3 tools/tidy.py src/tune   only what is found under these paths
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import tidy_code
import tidy_tree
from tidy_files import Finding, Tree


def check(root: Path) -> tuple[Tree, list[Finding]]:
    """Give the tree read and what breaks a rule in it, in the order of files and lines."""
    tree = Tree(root)
    findings = [f for rule in (*tidy_code.RULES, *tidy_tree.RULES) for f in rule(tree)]
    return tree, sorted(set(findings))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("paths", nargs="*", help="show only findings under these paths")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    root = options.root.resolve()
    tree, findings = check(root)
    if options.paths:
        wanted = [Path(path).resolve() for path in options.paths]
        findings = [f for f in findings if any((root / f.path).is_relative_to(w) for w in wanted)]
    for finding in findings:
        print(f"{finding.path}:{finding.line}: {finding.rule}: {finding.message}")
    print(f"{len(tree.files)} passed, {len(findings)} failed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
