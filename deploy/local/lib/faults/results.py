"""The table of a run and its file."""

import json
import time

HEADINGS = ("fault", "load", "errors", "longest stall", "lost", "doubled", "unexp.", "recovery", "limits")
WIDTHS = (26, 11, 44, 14, 4, 7, 6, 8, 0)


def line(cells):
    return "  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS, strict=False)).rstrip()


def wrapped(words, width):
    """Joins words to lines of at most this width."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 2 > width:
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + word
    return lines


def heading():
    return line(HEADINGS)


def shown(row):
    """The lines of a row."""
    if row.skipped:
        return [line((row.fault, "", f"skipped: {row.skipped}"))]
    if row.failure:
        return [line((row.fault, f"{row.writes_per_s}+{row.reads_per_s}/s", f"FAILED: {row.failure}"))]
    errors = wrapped([f"{count} × {what}" for what, count in row.errors.items()] or ["none"], WIDTHS[2])
    stall = f"{row.longest_stall_seconds:.2f} s {row.longest_stall.removeprefix('/')}"
    recovery = "never" if row.recovery_seconds is None else f"{row.recovery_seconds:.1f} s"
    limits = ", ".join(row.missed) or "kept"
    cells = (row.fault, f"{row.writes_per_s}+{row.reads_per_s}/s", errors[0], stall)
    lines = [line((*cells, row.lost, row.doubled, row.unexpected, recovery, limits))]
    lines += [line(("", "", text)) for text in errors[1:]]
    details = [f"{name}: {'never' if m['seconds'] is None else m['seconds']} s" for name, m in row.measures.items()]
    lines += [f"    {text}" for text in [*details, *row.notes, *(f"AUDIT: {text}" for text in row.examples)]]
    return lines


def summary(rows, seconds):
    """The line below the table."""
    made = [row for row in rows if not row.skipped]
    kept = sum(not row.is_wrong and not row.missed for row in made)
    totals = {
        "acknowledged": sum(row.acknowledged for row in made),
        "lost": sum(row.lost for row in made),
        "doubled": sum(row.doubled for row in made),
        "unexpected": sum(row.unexpected for row in made),
    }
    counts = ", ".join(f"{count} {name}" for name, count in totals.items())
    return f"{len(made)} faults in {seconds / 60:.1f} min, {len(rows) - len(made)} skipped, limits kept in {kept}; entries: {counts}"


def write(path, rows, about):
    """Writes all rows so far; the file is never seen half written."""
    document = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **about,
        "rows": [{key: value for key, value in vars(row).items() if value is not None} for row in rows],
    }
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(path)


def exit_code(rows):
    """1: something was lost, doubled or unexpected, or a row could not be made. 2: only limits were missed."""
    if any(row.is_wrong for row in rows):
        return 1
    return 2 if any(row.missed for row in rows) else 0
