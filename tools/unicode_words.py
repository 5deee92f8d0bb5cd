"""Write src/models/sklearn/unicode_words.cc: which characters make words for Python's `re`.

python3 tools/unicode_words.py > src/models/sklearn/unicode_words.cc
clang-format-19 -i src/models/sklearn/unicode_words.cc

By Python 3.11 (Unicode 14); tests/sklearn/text_cases.py holds what comes of it against Python's.
"""

from __future__ import annotations

import sys

HEAD = """// Which characters make words, and their small letters: made by tools/unicode_words.py.
// Source: Python 3.11's str.isalnum, str.isspace and str.lower (Unicode 14).
#include "models/sklearn/unicode_words.h"

namespace slipway::models::sklearn {
"""


def ranges(test: object) -> list[tuple[int, int]]:
    """Give first and last of each run of characters."""
    found: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if not test(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def rows(name: str, kind: str, items: list[tuple[int, ...]]) -> str:
    cells = [f"{{{', '.join(str(part) for part in item)}}}," for item in items]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + 1 + len(cell) > 100:
            lines.append(line)
            line = "   "
        line += " " + cell
    body = "\n".join([*lines, line])
    return f"\nconst std::array<{kind}, {len(items)}> {name} = {{{{\n{body}\n}}}};\n"


def main() -> None:
    words = ranges(lambda c: c.isalnum() or c == "_")
    blanks = ranges(str.isspace)
    lower = [(c, *map(ord, chr(c).lower())) for c in range(128, sys.maxunicode + 1)]
    # runs of the same step, such as the capitals of Greek, are one row: first, last, step, apart
    runs: list[list[int]] = []
    for item in lower:
        if len(item) != 2 or item[0] == item[1]:
            continue
        code, apart = item[0], item[1] - item[0]
        last = runs[-1] if runs else None
        if last and last[3] == apart and code - last[1] in (1, 2):
            if last[0] == last[1] or code - last[1] == last[2]:
                last[2] = code - last[1]
                last[1] = code
                continue
        runs.append([code, code, 1, apart])
    out = HEAD
    out += rows("kWordRanges", "CharacterRange", words)
    out += rows("kBlankRanges", "CharacterRange", blanks)
    out += rows("kLowerRuns", "LowerRun", [tuple(run) for run in runs])
    print(out + "\n}  // namespace slipway::models::sklearn")


if __name__ == "__main__":
    main()
