"""Reads a template's tree as a person who has nothing would meet it: which names it uses, and where a value may be missing.

A value may be missing unless it has a `default`, or stands where an `if` has asked for it. Conditions and comparisons need no default: with
a missing value they are false.
"""

from collections.abc import Iterator, Mapping, Sequence

from jinja2 import nodes
from msgspec import Struct

from engage_cli.messaging.environment import KNOWN_FILTERS, TESTS
from engage_cli.messaging.names import DATA, ROOTS, URLS, Found, Known
from engage_cli.messaging.places import Places
from engage_cli.source import Issue, Severity, did_you_mean, visible

Facts = frozenset[tuple[str, ...]]
"""Paths whose values are there."""

_DEFAULTS = ("default", "d")
_LISTS = frozenset("sort unique reverse list batch slice select selectattr reject rejectattr map groupby dictsort items join".split())
_ELEMENTS = frozenset("first last min max".split())
_LENIENT_TESTS = frozenset("defined undefined none in eq ne == != equalto sameas true false".split())
_NOT_BUILT_IN = {
    "safe": "values of data never become HTML; write the HTML in the template",
    "tojson": "values are text, numbers and lists: write them as such",
    "format": "use `number`, `money`, `date`, or join texts with `~`",
    "random": "a message is the same whenever it is written: split the journey, or use variants",
    "currency": "write `money`",
    "strftime": "write `date`, `time` or `datetime`",
}


class Value(Struct, frozen=True):
    """What an expression gives. `path` are the names of a value of data, empty for what is none; `sure`: it is there for everybody."""

    path: tuple[str, ...] = ()
    sure: bool = True


SURE = Value()
Scope = dict[str, Value]


class Walker:
    """Walks the statements of one message."""

    def __init__(self, known: Known, places: Places) -> None:
        self.issues: dict[Issue, None] = {}
        self.found = Found()
        self._known = known
        self._places = places

    def walk(self, body: Sequence[nodes.Node]) -> None:
        """Walk a whole template."""
        self._body(body, {}, frozenset())

    # ---- statements --------------------------------------------------------------------------------------------------

    def _body(self, body: Sequence[nodes.Node], scope: Scope, facts: Facts) -> None:
        for node in body:
            self._statement(node, scope, facts)

    def _statement(self, node: nodes.Node, scope: Scope, facts: Facts) -> None:
        match node:
            case nodes.Output():
                for child in node.nodes:
                    self._need(child, scope, facts)
            case nodes.If():
                self._if(node, scope, facts)
            case nodes.For():
                self._for(node, scope, facts)
            case nodes.Assign():
                self._assign(node.target, node.node, scope, facts)
            case nodes.AssignBlock():
                self._body(node.body, dict(scope), facts)
                self._filters(node.filter, scope, facts)
                scope.update(dict.fromkeys(_names_of(node.target), SURE))
            case nodes.With():
                inner = dict(scope)
                for target, value in zip(node.targets, node.values, strict=True):
                    self._assign(target, value, inner, facts)
                self._body(node.body, inner, facts)
            case nodes.Scope():
                self._body(node.body, dict(scope), facts)
            case nodes.Macro():
                scope[node.name] = SURE
                self._callable(node, scope, facts)
            case nodes.CallBlock():
                self._value(node.call, scope, facts)
                self._callable(node, scope, facts)
            case nodes.FilterBlock():
                self._filters(node.filter, scope, facts)
                self._body(node.body, dict(scope), facts)
            case nodes.ExprStmt():
                self._need(node.node, scope, facts)

    def _if(self, node: nodes.If, scope: Scope, facts: Facts) -> None:
        """Every branch, with what the tests before it say; what one of them leaves unsure is unsure behind it."""
        ends: list[Scope] = []
        for branch in (node, *node.elif_):
            self._value(branch.test, scope, facts)
            yes, no = _facts(branch.test, scope)
            ends.append(dict(scope))
            self._body(branch.body, ends[-1], facts | yes)
            facts |= no
        ends.append(dict(scope))
        self._body(node.else_, ends[-1], facts)
        for name in {name for end in ends for name in end}:
            values = [end[name] for end in ends if name in end]
            sure = all(value.sure for value in values) and len(values) == len(ends)
            scope[name] = Value(values[0].path or (name,), sure) if not sure else values[0]

    def _for(self, node: nodes.For, scope: Scope, facts: Facts) -> None:
        over = self._need(node.iter, scope, facts)
        inner = dict(scope) | {"loop": SURE}
        element = Value((*over.path, "[]")) if over.path else SURE
        inner.update(dict.fromkeys(_names_of(node.target), element))
        yes: Facts = frozenset()
        if node.test is not None:
            self._value(node.test, inner, facts)
            yes, _ = _facts(node.test, inner)
        self._body(node.body, inner, facts | yes)
        self._body(node.else_, dict(scope), facts)

    def _assign(self, target: nodes.Node, expression: nodes.Node, scope: Scope, facts: Facts) -> None:
        if isinstance(target, nodes.NSRef):
            self._need(expression, scope, facts)
            return
        value = self._value(expression, scope, facts)
        names = _names_of(target)
        scope.update(dict.fromkeys(names, Value(value.path, value.sure or _is_fact(value.path, facts)) if len(names) == 1 else SURE))

    def _callable(self, node: nodes.Macro | nodes.CallBlock, scope: Scope, facts: Facts) -> None:
        for default in node.defaults:
            self._need(default, scope, facts)
        own = {name.name: SURE for name in node.args} | dict.fromkeys(("caller", "varargs", "kwargs"), SURE)
        self._body(node.body, dict(scope) | own, facts)

    def _filters(self, node: nodes.Expr | None, scope: Scope, facts: Facts) -> None:
        """The filters of a block `set` or `filter`, whose innermost has no value of its own."""
        while isinstance(node, nodes.Filter):
            self._known_filter(node)
            self._arguments(node, scope, facts)
            node = node.node

    # ---- expressions -------------------------------------------------------------------------------------------------

    def _need(self, node: nodes.Node, scope: Scope, facts: Facts) -> Value:
        """The value of an expression where a missing one would be an error."""
        value = self._value(node, scope, facts)
        if len(value.path) == 1 and value.path[0] in DATA:
            self._issue(node, "object", f"`{value.path[0]}` is an object", f"name one of its values: `{value.path[0]}.…`", value.path[0])
        elif not value.sure and not _is_fact(value.path, facts):
            text = spelled(value.path)
            hint = f'write `{text} | default("…")`, or ask for it first: `{{% if {text} %}}`'
            self._issue(node, "missing-default", f"`{text}` may be missing, and has no `default`", hint, text, value.path[-1])
        return value

    def _value(self, node: nodes.Node, scope: Scope, facts: Facts) -> Value:
        """The value of an expression where a missing one is allowed."""
        match node:
            case nodes.Name():
                return self._name(node, scope)
            case nodes.Getattr():
                return self._below(node, self._value(node.node, scope, facts), node.attr)
            case nodes.Getitem():
                return self._item(node, scope, facts)
            case nodes.Filter():
                return self._filter(node, scope, facts)
            case nodes.Test():
                return self._test(node, scope, facts)
            case nodes.Compare():
                for part in (node.expr, *(operand.expr for operand in node.ops)):
                    self._value(part, scope, facts)
                return SURE
            case nodes.Not():
                self._value(node.node, scope, facts)
                return SURE
            case nodes.Or():
                self._value(node.left, scope, facts)
                return self._value(node.right, scope, facts | _facts(node.left, scope)[1])
            case nodes.And():
                left = self._value(node.left, scope, facts)
                right = self._value(node.right, scope, facts | _facts(node.left, scope)[0])
                return right if left.sure else left
            case nodes.CondExpr():
                return self._either(node, scope, facts)
            case nodes.Call():
                return self._call(node, scope, facts)
            case _:
                for child in node.iter_child_nodes():
                    self._need(child, scope, facts)
                return SURE

    def _name(self, node: nodes.Name, scope: Scope) -> Value:
        if node.name in scope:
            return scope[node.name]
        if node.name in ROOTS:
            self.found.roots.add(node.name)
            if node.name in URLS and URLS[node.name] not in self._known.urls:
                what = URLS[node.name]
                message = f"`{node.name}` needs the address of your page: `messaging.urls.{what}` in engage.yaml"
                self._issue(node, "no-url", message, f"declare `urls: {{{what}: …}}`", node.name)
            return Value((node.name,), node.name not in DATA) if node.name in DATA else SURE
        if node.name not in ("range", "namespace", "true", "false", "none"):
            hint = did_you_mean(node.name, [*ROOTS, *scope]) or f"a template sees {', '.join(f'`{name}`' for name in ROOTS)}"
            self._issue(node, "unknown-name", f"a template sees no `{visible(node.name)}`", hint, node.name)
        return SURE

    def _below(self, node: nodes.Node, above: Value, name: str) -> Value:
        """A value under another."""
        if not above.path:
            return SURE
        path = (*above.path, name)
        root = path[0]
        if len(path) == 2 and root in DATA:
            is_wrong = self._judge(node, root, name)
            return Value(path, is_wrong or self._known.is_always(root, name))
        self.found.paths.add(path)
        return Value(path, False)

    def _judge(self, node: nodes.Node, root: str, name: str) -> bool:
        """Whether a name directly under one of the objects is a mistake for sure; an unknown trait is a warning only."""
        self.found.paths.add((root, name))
        known = self._known.under(root)
        if known is None or name in known:
            return False
        what = {"profile": "no profile has a trait", "account": "no account has a trait", "context": "the journey's context has no"}
        message = f"{what.get(root, f'`{root}` has no')} `{visible(name)}`"
        severity = Severity.WARNING if root in ("profile", "account") else Severity.ERROR
        code = "unknown-trait" if root in ("profile", "account") else "unknown-name"
        hint = did_you_mean(name, known) or (None if len(known) > 12 else f"there are {', '.join(f'`{one}`' for one in sorted(known))}")
        if root == "context" and not known:
            message = f"a campaign that sends this carries nothing in its context, and `{visible(name)}` is looked for there"
            hint = "broadcasts, and journeys that a condition enters, carry none: show a trait of `profile`"
        self._issue(node, code, message, hint, f"{root}.{name}", name, severity=severity)
        return severity is Severity.ERROR

    def _item(self, node: nodes.Getitem, scope: Scope, facts: Facts) -> Value:
        if isinstance(node.arg, nodes.Slice):
            self._need(node.arg, scope, facts)
            return Value(self._need(node.node, scope, facts).path)
        above = self._value(node.node, scope, facts)
        if isinstance(node.arg, nodes.Const):
            name = node.arg.value
            return self._below(node, above, name if isinstance(name, str) else f"[{name}]")
        self._need(node.arg, scope, facts)
        return Value((*above.path, "[…]"), False) if above.path else SURE

    def _filter(self, node: nodes.Filter, scope: Scope, facts: Facts) -> Value:
        self._known_filter(node)
        if node.node is None:
            return SURE
        if node.name in _DEFAULTS:
            value = self._value(node.node, scope, facts)
            given = self._value(node.args[0], scope, facts) if node.args else SURE
            return Value(value.path, True) if given.sure or _is_fact(given.path, facts) else given
        value = self._need(node.node, scope, facts)
        self._arguments(node, scope, facts)
        if node.name in _LISTS:
            return Value(value.path, True)
        return Value((*value.path, f"({node.name})"), False) if node.name in _ELEMENTS and value.path else SURE

    def _known_filter(self, node: nodes.Filter) -> None:
        if node.name not in KNOWN_FILTERS:
            hint = _NOT_BUILT_IN.get(node.name) or did_you_mean(node.name, KNOWN_FILTERS) or "docs/templates.md lists the filters"
            self._issue(node, "unknown-filter", f"there is no filter `{visible(node.name)}`", hint, node.name)

    def _arguments(self, node: nodes.Filter | nodes.Test | nodes.Call, scope: Scope, facts: Facts) -> None:
        may_miss = isinstance(node, nodes.Filter) and node.name == "with_query"
        for argument in (*node.args, *(keyword.value for keyword in node.kwargs)):
            if may_miss:
                self._value(argument, scope, facts)
            else:
                self._need(argument, scope, facts)

    def _test(self, node: nodes.Test, scope: Scope, facts: Facts) -> Value:
        if node.name not in TESTS:
            hint = did_you_mean(node.name, TESTS) or "tests are such as `defined`"
            self._issue(node, "unknown-test", f"there is no test `{visible(node.name)}`", hint, node.name)
        if node.name in _LENIENT_TESTS:
            self._value(node.node, scope, facts)
        else:
            self._need(node.node, scope, facts)
        self._arguments(node, scope, facts)
        return SURE

    def _either(self, node: nodes.CondExpr, scope: Scope, facts: Facts) -> Value:
        self._value(node.test, scope, facts)
        yes, no = _facts(node.test, scope)
        one = self._value(node.expr1, scope, facts | yes)
        if node.expr2 is None:
            return Value(one.path or ("…",), False)
        other = self._value(node.expr2, scope, facts | no)
        one_sure, other_sure = one.sure or _is_fact(one.path, facts | yes), other.sure or _is_fact(other.path, facts | no)
        return SURE if one_sure and other_sure else other if one_sure else one

    def _call(self, node: nodes.Call, scope: Scope, facts: Facts) -> Value:
        match node.node:
            case nodes.Getattr():
                self._need(node.node.node, scope, facts)
            case _:
                self._value(node.node, scope, facts)
        self._arguments(node, scope, facts)
        return SURE

    def _issue(self, node: nodes.Node, code: str, message: str, hint: str | None, *words: str, severity: Severity = Severity.ERROR) -> None:
        self.issues[Issue(code, message, self._places.span(node.lineno, *words), hint, severity)] = None


# ---- what tests say ------------------------------------------------------------------------------------------------


def _facts(test: nodes.Node, scope: Mapping[str, Value]) -> tuple[Facts, Facts]:
    """Which values are there if a test holds, and if it does not."""
    nothing: Facts = frozenset()
    match test:
        case nodes.Not():
            yes, no = _facts(test.node, scope)
            return no, yes
        case nodes.And():
            one, other = _facts(test.left, scope), _facts(test.right, scope)
            return one[0] | other[0], one[1] & other[1]
        case nodes.Or():
            one, other = _facts(test.left, scope), _facts(test.right, scope)
            return one[0] & other[0], one[1] | other[1]
        case nodes.Compare():
            present = frozenset(_all_paths(test, scope))
            is_negative = any(operand.op in ("ne", "notin") for operand in test.ops)
            return (nothing, present if len(test.ops) == 1 and test.ops[0].op == "ne" else nothing) if is_negative else (present, nothing)
        case nodes.Test():
            path = _path(test.node, scope)
            present = frozenset((path,)) if path else nothing
            return (nothing, present) if test.name == "undefined" else (nothing if test.name == "none" else present, nothing)
        case _:
            path = _path(test, scope)
            return (frozenset((path,)) if path else nothing), nothing


def _all_paths(test: nodes.Compare, scope: Mapping[str, Value]) -> Iterator[tuple[str, ...]]:
    """What a comparison compares: if it holds, both its sides are there."""
    for part in (test.expr, *(operand.expr for operand in test.ops)):
        if path := _path(part, scope):
            yield path


def _path(node: nodes.Node, scope: Mapping[str, Value]) -> tuple[str, ...]:
    """The path that an expression is, if it is one."""
    match node:
        case nodes.Name():
            return scope[node.name].path if node.name in scope else (node.name,) if node.name in DATA else ()
        case nodes.Getattr():
            above = _path(node.node, scope)
            return (*above, node.attr) if above else ()
        case nodes.Getitem(arg=nodes.Const(value=name)):
            above = _path(node.node, scope)
            return (*above, name if isinstance(name, str) else f"[{name}]") if above else ()
        case _:
            return ()


def _is_fact(path: tuple[str, ...], facts: Facts) -> bool:
    """Whether a value is known to be there: it, or something under it."""
    return any(fact[: len(path)] == path for fact in facts) if path else True


def _names_of(target: nodes.Node) -> list[str]:
    return [target.name] if isinstance(target, nodes.Name) else [name.name for name in target.find_all(nodes.Name)]


def spelled(path: tuple[str, ...]) -> str:
    """A path as a template writes it."""
    text = path[0]
    for part in path[1:]:
        text += part if part.startswith(("[", "(")) else f".{part}"
    return visible(text)
