"""The sandbox that templates are compiled in: what a template can name, call and compute, and what a missing value does.

Jinja's own sandbox, narrowed: values are data (JSON), so only their keys and elements are reached, never an attribute or a method; of
Jinja's filters those that cannot make a value huge or let it out of its quotes. Values are text by the same rules in every format.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import markupsafe
from jinja2 import pass_context
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Namespace
from markupsafe import Markup, escape

from engage_cli.messaging.compiling import Code
from engage_cli.messaging.formats import Formats
from engage_cli.messaging.limits import LONGEST_VALUE, Budget, operation, sized
from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.remembering import remembered

JINJA_FILTERS = (
    "abs batch capitalize count d default dictsort e escape first float groupby int items join last length list lower map max min "
    "reject rejectattr reverse round select selectattr slice sort string striptags sum title trim truncate unique upper "
    "urlencode wordcount"
).split()
FORMAT_FILTERS = ("number", "percent", "money", "date", "time", "datetime", "relative", "plural", "listed", "country")
"""Those that depend on the person's language and zone."""
OWN_FILTERS = (*FORMAT_FILTERS, "with_query", "replace")
KNOWN_FILTERS = frozenset((*JINJA_FILTERS, *OWN_FILTERS))
TESTS = frozenset(
    (
        "defined undefined none true false boolean number integer float string mapping iterable sequence even odd divisibleby lower upper "
        "eq ne lt le gt ge equalto greaterthan lessthan in sameas == != < <= > >="
    ).split()
)
GLOBALS: Mapping[str, Any] = {"range": safe_range, "namespace": Namespace}

escaped: Callable[[str], str] = getattr(markupsafe, "_escape_inner", escape)
"""A text as HTML shows it. Escaping alone, where this version of markupsafe has it, costs a third of escaping with the mark that a text
is safe, which what goes straight out does not need."""

COUNTED, SIZED, CHARGED = "_counted", "_sized", "_charged"
"""Filters that the compiler puts in; no template can write a name that begins with `_`."""

_TEXT_METHODS = frozenset("upper lower title capitalize strip lstrip rstrip startswith endswith split".split())
_LOOP_FIELDS = frozenset("index index0 revindex revindex0 first last length depth depth0 previtem nextitem cycle changed".split())


class Missing(Undefined):
    """A value that is not there: false, in nothing, equal to nothing, less and greater than nothing. Nothing can be written of it."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> Any:
        raise RenderError("missing", f"`{self._undefined_name}` is missing, and has no `default`")

    def _false(self, _other: object) -> bool:
        return False

    __str__ = __iter__ = __len__ = __call__ = __getitem__ = __int__ = __float__ = __complex__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __pow__ = __rpow__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail_with_undefined_error
    __pos__ = __neg__ = _fail_with_undefined_error

    def __eq__(self, _other: object) -> bool:
        return False

    def __ne__(self, _other: object) -> bool:
        return True

    __hash__ = Undefined.__hash__
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _false  # type: ignore[assignment]  # they answer, and Jinja's raise

    def below(self, name: object) -> "Missing":
        """What stands under it, which is missing too."""
        return Missing(name=f"{self._undefined_name}.{name}")


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment of one renderer."""

    intercepted_binops = frozenset(("*", "**", "%", "+"))
    code_generator_class = Code

    def __init__(self, formats: Formats, budget: Budget, *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=Missing,
            finalize=written,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=0,
        )
        self.filters = {name: FILTERS[name] for name in JINJA_FILTERS}
        self.filters |= {name: _with_context(function) for name, function in formats.filters().items()}
        self.filters |= {"with_query": _WITH_QUERY, "replace": replace, SIZED: sized}
        self.filters |= {COUNTED: budget.counted, CHARGED: budget.charged}
        self.tests = {name: test for name, test in self.tests.items() if name in TESTS}
        self.globals = dict(GLOBALS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: of an object its value under that key, never a method."""
        if obj.__class__ is dict:  # nearly always, and for every value that a message shows
            value = obj.get(attribute)
            return Missing(name=attribute) if value is None or value == "" else value
        return self._of(obj, attribute) if isinstance(obj, dict | Missing) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: of an object its value, of a list or text its element."""
        if isinstance(obj, dict | Missing):
            return self._of(obj, argument)
        if isinstance(obj, list | tuple | str):
            try:
                value = obj[argument]
            except (IndexError, TypeError):
                return Missing(name=str(argument))
            return Missing(name=str(argument)) if is_missing(value) else value
        return super().getitem(obj, argument)

    def _of(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Missing):
            return obj.below(name)
        value = obj.get(name)
        return Missing(name=str(name)) if is_missing(value) else value

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """What templates may reach of anything but data: the methods of text, and what a loop says of itself."""
        match obj:
            case str():
                return attr in _TEXT_METHODS
            case LoopContext():
                return attr in _LOOP_FIELDS
            case Namespace():
                return not attr.startswith("_")
            case _:
                return False

    def is_safe_callable(self, obj: Any) -> bool:
        """What templates may call."""
        owner = getattr(obj, "__self__", None)
        is_method = (isinstance(owner, str) and getattr(obj, "__name__", "") in _TEXT_METHODS) or isinstance(owner, LoopContext)
        return is_method or isinstance(obj, Macro | LoopContext) or obj is Namespace or obj is safe_range

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Raises RenderError: an attribute that no template may reach is a mistake, not a missing value."""
        raise RenderError("value", f"a template cannot reach `{attribute}` of {kind_of(obj)}")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """An operation that could make a small value a huge one."""
        operation(operator, left, right)
        return super().call_binop(context, operator, left, right)


def is_missing(value: Any) -> bool:
    """Null and empty text are missing, as everywhere."""
    return value is None or (isinstance(value, str) and not value)


def written(value: Any) -> Any:
    """A value as text: booleans as `true` and `false`, numbers in their shortest decimal form. Lists and objects are no text."""
    kind = value.__class__
    if kind is str or kind is int or kind is Markup:
        return value
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, str | Missing):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        raise RenderError("value", f"{kind_of(value)} is no text; name one of its values, or use `join` or `listed`")
    if value is None:
        raise RenderError("missing", "a value is missing, and has no `default`")
    return value


def said(value: Any) -> str:
    """What a text shows of a value that is none."""
    return str(value if value.__class__ is int else written(value))


def said_in_html(value: Any) -> str:
    """What HTML shows of a value that is no text."""
    kind = value.__class__
    return said(value) if kind is int or kind is float else str(escape(written(value)))


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    match value:
        case Markup() | str():
            return "a text"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "this"


def with_query(url: str, **parameters: Any) -> str:
    """An address with parameters: `"https://acme.example/" | with_query(utm_source="engage")`. What is missing or empty is left out."""
    given = {name: str(written(value)) for name, value in parameters.items() if not isinstance(value, Missing) and not is_missing(value)}
    parts = urlsplit(str(url))
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in given]
    return urlunsplit(parts._replace(query=urlencode([*pairs, *given.items()])))


def replace(text: Any, old: str, new: str) -> str:
    """A text with every `old` in it become `new`."""
    if not str(old):
        raise RenderError("value", "`replace` needs a text to look for")
    text = str(text)
    if len(text) + text.count(str(old)) * len(str(new)) > LONGEST_VALUE:
        raise RenderError("too-large", f"a value would be longer than {LONGEST_VALUE:,} characters")
    return str(text.replace(str(old), str(new)))


_WITH_QUERY = remembered(with_query)


def _with_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is asked at every rendering: without the context Jinja would compute it of constants once, for everybody."""

    @pass_context
    def run(_context: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return run
