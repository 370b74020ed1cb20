"""unreached.py - the lines and branches of sppo.h that no test reaches, held
against the list of those that have a reason

    python3 tests/unreached.py gcovr.json sppo.h tests/unreached.txt

The list: a line for each, "FUNCTION BRANCHES CODE", with the number of branches
of the line of code that are not reached, or "line" where it is the line itself;
below them, indented, the reason.  Not reached and not in the list is a failure,
and so is an entry that is reached, in part or in whole.
Prints  the entry that would be needed, "FAIL ..", and a count; exits 1 when
        something failed
"""
import json
import re
import sys

report, header, listed = sys.argv[1:4]


def found():
    """{(function, what, code): how many}, what: "line" or "branches"."""
    with open(header) as file:
        lines = file.read().split("\n")
    function, of = "", {}
    for number, line in enumerate(lines, 1):
        begun = re.match(r"(?!typedef|enum|struct|#)[A-Za-z].*?(\w+)\(", line)
        function = begun.group(1) if begun else function
        of[number] = function
    with open(report) as file:
        files = json.load(file)["files"]
    here, total, reached = {}, 0, 0
    for line in next(f for f in files if f["file"] == "sppo.h")["lines"]:
        if line.get("gcovr/noncode"):
            continue
        number = line["line_number"]
        code = " ".join(lines[number - 1].split())
        missed = sum(b["count"] == 0 for b in line["branches"])
        total += len(line["branches"])
        reached += len(line["branches"]) - missed
        for what, n in ("branches", missed), ("line", line["count"] == 0):
            key = of[number], what, code
            if n:
                here[key] = here.get(key, 0) + int(n)
    return here, total, reached


def entries():
    """The same, from the list; what has no reason is an entry of 0."""
    known, waiting = {}, []
    with open(listed) as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if line[0] == " ":
                waiting = []
                continue
            name, n, code = line.split(None, 2)
            what = "line" if n == "line" else "branches"
            key = name, what, " ".join(code.split())
            known[key] = known.get(key, 0) + (1 if n == "line" else int(n))
            waiting.append(name)
    for name in waiting:
        print("FAIL an entry of", name, "has no reason")
    return known, len(waiting)


here, total, reached = found()
known, failed = entries()
for key in sorted(set(here) | set(known)):
    is_now, was = here.get(key, 0), known.get(key, 0)
    if is_now == was:
        continue
    failed += 1
    name, what, code = key
    n = "line" if what == "line" else is_now
    if is_now > was:
        print("FAIL not reached, and not in %s: %s %s %s"
              % (listed, name, n, code))
    else:
        print("FAIL in %s, and reached but for %d: %s %s %s"
              % (listed, is_now, name, "line" if what == "line" else was, code))
passed = sum(here.get(k, 0) == n for k, n in known.items())
print("sppo.h: %d of %d branches reached, %d and %d lines in unreached.txt"
      % (reached, total,
         sum(n for k, n in known.items() if k[1] == "branches"),
         sum(n for k, n in known.items() if k[1] == "line")))
print("%d passed, %d failed, 0 skipped" % (passed, failed))
sys.exit(failed > 0)
