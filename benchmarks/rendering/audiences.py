"""A question as an audience of engage: YAML, whose flow style is JSON."""

import json

from benchmarks.questions import Compare, Leaf, Measure, Question


def audience_yaml(question: Question) -> str:
    """The definition as one YAML document."""
    conditions = [_condition(leaf) for leaf in question.all_of]
    if question.none_of:
        conditions.append({"none": [_condition(leaf) for leaf in question.none_of]})
    members = conditions[0] if len(conditions) == 1 else {"all": conditions}
    return f"audience: {question.name}\nmembers: {json.dumps(members)}\n"


def _condition(leaf: Leaf) -> dict[str, object]:
    condition: dict[str, object] = {"event": leaf.event}
    if leaf.where:
        condition["where"] = {compare.key: _compared(compare) for compare in leaf.where}
    return condition | _window(leaf) | (_measured(leaf.measure) if leaf.measure else {})


def _window(leaf: Leaf) -> dict[str, object]:
    if leaf.until:
        # Without a longer side: before the history begins.
        return {"between_ago": [f"{leaf.within or 36500} days", f"{leaf.until} days"]}
    return {"within": f"{leaf.within} days"} if leaf.within else {}


def _compared(compare: Compare) -> object:
    return {compare.operator: list(compare.value) if isinstance(compare.value, tuple) else compare.value}


def _measured(measure: Measure) -> dict[str, object]:
    compared = {measure.operator: measure.value}
    match measure.kind:
        case "first_time":
            return {"first_time": True}
        case "count" | "days":
            return {measure.kind: compared}
        case "earliest" | "latest":
            return {measure.kind: {measure.key: compared}}
        case _:
            return {measure.kind: {"property": measure.key} | compared}
