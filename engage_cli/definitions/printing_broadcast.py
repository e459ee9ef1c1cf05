"""Broadcasts back to YAML: canonical text that reads back to an equal model, but for the places."""

from engage_cli.definitions.broadcast import Broadcast, BroadcastStatus, Expect, SendAt, Variant, Wording
from engage_cli.definitions.journey_steps import Category, Render
from engage_cli.definitions.printing import condition_tree, percent_tree
from engage_cli.definitions.printing_journey import goal_tree
from engage_cli.definitions.printing_where import value_tree
from engage_cli.definitions.yaml_printer import Token, Tree, print_tree

Mapping = dict[str, Tree]
_TRUE = Token("true")


def print_broadcast(broadcast: Broadcast) -> str:
    """The YAML text of a definition."""
    tree: Mapping = {"broadcast": broadcast.name}
    if broadcast.description:
        tree["description"] = broadcast.description
    if broadcast.status is not BroadcastStatus.DRAFT:
        tree["status"] = broadcast.status.value
    tree["channel"] = broadcast.channel
    tree |= _people(broadcast)
    tree |= _message(broadcast)
    tree |= _time(broadcast)
    if broadcast.variants:
        tree["variants"] = [_variant(variant) for variant in broadcast.variants]
    if (winner := broadcast.winner) is not None:
        tree["winner"] = {"after": str(winner.after), "by": winner.by.value, "else": winner.otherwise}
    if broadcast.goal is not None:
        tree["goal"] = goal_tree(broadcast.goal)
    return print_tree(tree)


def _people(broadcast: Broadcast) -> Mapping:
    tree: Mapping = {"recipients": condition_tree(broadcast.recipients)}
    if broadcast.exclude is not None:
        tree["exclude"] = condition_tree(broadcast.exclude)
    if broadcast.expect is not None:
        tree["expect"] = _expect(broadcast.expect)
    return tree


def _expect(expect: Expect) -> Mapping:
    bounds = {"at_most": expect.at_most, "at_least": expect.at_least}
    return {name: Token(str(bound)) for name, bound in bounds.items() if bound is not None}


def _message(broadcast: Broadcast) -> Mapping:
    tree: Mapping = {} if broadcast.group is None else {"group": broadcast.group}
    if broadcast.category is not Category.MARKETING:
        tree["category"] = broadcast.category.value
    tree["template"] = broadcast.template
    tree |= _wording(broadcast.wording)
    if broadcast.priority:
        tree["priority"] = Token(str(broadcast.priority))
    if broadcast.expires_after is not None:
        tree["expires_after"] = str(broadcast.expires_after)
    if broadcast.render is not Render.MESSAGE:
        tree["render"] = broadcast.render.value
    return tree


def _wording(wording: Wording) -> Mapping:
    texts = {
        "template": wording.template,
        "subject": wording.subject,
        "preheader": wording.preheader,
        "from": wording.sender,
        "reply_to": wording.reply_to,
    }
    return {key: text for key, text in texts.items() if text is not None}


def _time(broadcast: Broadcast) -> Mapping:
    tree: Mapping = {}
    match broadcast.send_at:
        case SendAt(instant=instant, local=local):
            tree["send_at"] = value_tree(instant)
            if local:
                tree["local"] = _TRUE
    if (throttle := broadcast.throttle) is not None:
        tree["throttle"] = {"at_most": Token(str(throttle.at_most)), "per": str(throttle.per)}
    return tree


def _variant(variant: Variant) -> Mapping:
    control: Mapping = {"control": _TRUE} if variant.control else {}
    return {"name": variant.name, "percent": percent_tree(variant.percent_millionths), **control, **_wording(variant.wording)}
