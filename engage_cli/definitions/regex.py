"""What is certainly wrong with an RE2 pattern. The engine judges the rest: Python's `re` is another language."""

import re

_Problem = tuple[str, str | None]

_GROUP = re.compile(r"\(\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|[imsU]*(?:-[imsU]+)?[:)])")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_MOST_REPEATS = 1000
_LONGEST = 10_000
_LOOKS = {
    "(?=": "lookahead",
    "(?!": "lookahead",
    "(?<=": "lookbehind",
    "(?<!": "lookbehind",
    "(?>": "atomic group",
    "(?P=": "backreference",
}


def regex_problem(pattern: str) -> _Problem | None:
    """What is wrong with a pattern, and what to do about it; None where nothing is certain."""
    if len(pattern) > _LONGEST:
        return f"it is longer than {_LONGEST:,} characters", "use `in_file` for long lists of values"
    at, depth, repeatable = 0, 0, False
    while at < len(pattern):
        char, problem, start = pattern[at], None, at
        match char:
            case "\\":
                at, problem = _escape(pattern, at)
            case "[":
                at, problem = _class(pattern, at)
            case "(":
                at, problem = _group(pattern, at)
                depth += pattern[at - 1] != ")"  # `(?i)` opens nothing
            case ")":
                at, depth, problem = at + 1, depth - 1, None if depth else ("a `)` closes nothing", r"write `\)` for a bracket in the text")
            case "*" | "+" | "?" | "{":
                at, problem = _repeat(pattern, at, repeatable)
            case _:
                at += 1
        if problem is not None:
            return problem
        repeatable = char != "|" and (char != "(" or pattern[start:at].endswith(")"))
    return ("a `(` is never closed", r"write `\(` for a bracket in the text") if depth else None


def _repeat(pattern: str, at: int, repeatable: bool) -> tuple[int, _Problem | None]:
    repeat = _REPEAT.match(pattern, at)
    if pattern[at] == "{" and repeat is None:
        return at + 1, None  # a brace that stands for itself
    if not repeatable:
        char = pattern[at]
        return at, (f"there is nothing before `{char}` to repeat", rf"write `\{char}` for the character itself, `.*` for any text")
    if repeat and any(int(number[:9]) > _MOST_REPEATS for number in repeat.groups() if number):
        return at, (f"`{repeat.group()[:20]}` repeats more than {_MOST_REPEATS} times", None)
    return (repeat.end() if repeat else at + 1), None


def _escape(pattern: str, at: int) -> tuple[int, _Problem | None]:
    if at + 1 == len(pattern):
        return at + 1, ("it ends in a single backslash", r"write `\\` for a backslash in the text")
    following = pattern[at + 1]
    if following in "123456789":
        return at + 2, (f"backreferences such as `\\{following}` do not exist in RE2", "compare with a list of values instead")
    if following == "Q":
        end = pattern.find(r"\E", at)
        return (len(pattern) if end < 0 else end + 2), None
    return at + 2, None


def _class(pattern: str, at: int) -> tuple[int, _Problem | None]:
    start = at + 1 + (pattern[at + 1 : at + 2] == "^")
    at = start
    while at < len(pattern):
        if pattern[at] == "]" and at > start:
            return at + 1, None
        if pattern[at] == "\\":
            at += 2
        elif pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0:
            at = end + 2
        else:
            at += 1
    return at, ("a `[` is never closed", r"write `\[` for a bracket in the text")


def _group(pattern: str, at: int) -> tuple[int, _Problem | None]:
    if not pattern.startswith("(?", at):
        return at + 1, None
    for opening, name in _LOOKS.items():
        if pattern.startswith(opening, at):
            article = "an" if name[0] in "aeiou" else "a"
            return at, (f"`{opening}` is {article} {name}, which RE2 does not have", "say it with `matches` and `not_matches` side by side")
    match = _GROUP.match(pattern, at)
    if match is None:
        return at, (f"`{pattern[at : at + 4]}` opens no kind of group that RE2 has", r"write `\(` for a bracket in the text")
    return match.end(), None
