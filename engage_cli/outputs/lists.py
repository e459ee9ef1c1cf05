"""Lists of identifiers: each member's row as a destination takes it, its values brought into one form and hashed.

Everything is set-based but the reading of phones and of names of countries, which is done once for each distinct value. A member whose
values are those that the state's row was made of keeps that row: what was told before is neither read nor hashed again.
"""

import hashlib
import json
from collections.abc import Sequence

from sqlglot import exp

from engage_cli import __version__
from engage_cli.definitions.destinations import Form, ListColumn, ListDestination, Rules
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.outputs.countries import country_code
from engage_cli.outputs.phones import e164
from engage_cli.outputs.read_values import make_reading
from engage_cli.outputs.rows import rows_of
from engage_cli.sql.functions import e_json, e_normal, e_sha256, e_text, e_to_json
from engage_cli.state.outbox import RunFile

LIST_TRAITS = {Subject.USERS: "list_trait", Subject.ACCOUNTS: "account_list_trait"}
"""Made by the caller, by kind of subject: `subject_id VARCHAR` and the text of each trait that lists of them need (`trait_column`)."""


def trait_column(path: Path) -> str:
    """The column of a trait, apart from those of traits whose names differ from it in the case of their letters alone."""
    return f"{path.text}#{hashlib.md5(path.text.encode(), usedforsecurity=False).hexdigest()[:8]}"


_PLAIN = {
    Form.EMAIL: "email_plain",
    Form.PHONE: "none",
    Form.NAME: "name_google",
    Form.CITY: "place",
    Form.STATE: "place",
    Form.ZIP: "zip_meta",
    Form.COUNTRY: "text",
    Form.GENDER: "gender",
    Form.ID: "none",
    Form.NONE: "none",
    **{form: form.value for form in (Form.BIRTH_DATE, Form.BIRTH_YEAR, Form.BIRTH_MONTH, Form.BIRTH_DAY, Form.TEXT)},
}
_FORMS = {
    Rules.PLAIN: _PLAIN,
    Rules.META: {**_PLAIN, Form.PHONE: "digits", Form.NAME: "name_meta"},
    Rules.GOOGLE: {**_PLAIN, Form.EMAIL: "email_google", Form.ZIP: "zip_google", Form.COUNTRY: "upper"},
}
"""By whose rules and what the value is, the form of engine/normal.py. Phones come as E.164, countries as codes in capitals."""


def make_list_rows(engine: Engine, relation_made: str, destination: ListDestination, of: Subject) -> None:
    """Make a relation (destination, list, user_id, identifiers, basis) of the members of the destination's lists of a kind of subject.

    Of `list_pair`, `synced_member` and `list_told`, see state/lists.py. `identifiers` is NULL where nothing tells who somebody is.
    """
    for relation in ("list_raw", "list_fresh", relation_made):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{relation}")
    engine.create("list_raw", _raw(destination, of))
    engine.execute(_FRESH, [destination.name])
    _read_values(engine, destination)
    engine.create(relation_made, exp.union(_made(destination), _known(destination), distinct=False))


def list_query(file: RunFile) -> exp.Select:
    """The rows of one file of adds or removes, from `run_change`: its columns, in the order of the members."""
    assert file.columns is not None, "a list has columns"
    payload = exp.cast(exp.column("payload"), exp.DType.JSON)
    columns = [e_text(e_json(payload, (name.lower(),))).as_(name, quoted=True) for name in file.columns]
    order = [exp.Ordered(this=exp.column(name), nulls_first=True) for name in ("user_id", "payload")]
    return exp.select(*columns).from_("run_change").where(rows_of(file)).order_by(*order)


def whole_list(relation: str, destination: ListDestination) -> exp.Select:
    """The rows of a relation that `make_list_rows` made, each once, as a file has them, in the order of the members."""
    payload = exp.cast(exp.column("identifiers"), exp.DType.JSON)
    columns = [e_text(e_json(payload, (one.name.lower(),))).as_(one.name, quoted=True) for one in destination.columns]
    there = exp.not_(exp.Is(this=exp.column("identifiers"), expression=exp.null()))
    first = exp.alias_(exp.Min(this=exp.column("user_id")), "user_id")
    rows = exp.select("identifiers", first).from_(relation).where(there).group_by("identifiers").subquery("rows")
    return exp.select(*columns).from_(rows).order_by(exp.Ordered(this=exp.column("user_id", table="rows"), nulls_first=True))


def _raw(destination: ListDestination, of: Subject) -> exp.Select:
    """(list, user_id, basis, the texts of the traits by their place): of each member what the row is made of, and its hash."""
    traits = [_trait(path, of) for path in destination.traits]
    texts = [value.as_(f"raw_{place}") for place, value in enumerate(traits)]
    meaning = hashlib.md5(repr((destination.meaning, __version__)).encode(), usedforsecurity=False).hexdigest()
    parts: list[exp.Expr] = [exp.Literal.string(meaning)]
    for value in traits:
        told = exp.DPipe(this=exp.Literal.string("="), expression=value.copy(), safe=True)
        parts += [exp.Literal.string("\x1e"), exp.Coalesce(this=told, expressions=[exp.Literal.string("")])]
    basis = exp.Anonymous(this="MD5", expressions=[exp.Concat(expressions=parts)])
    relation = LIST_TRAITS[of]
    of_all = exp.Is(this=exp.column("destination", table="member"), expression=exp.null())
    here = exp.or_(of_all, exp.column("destination", table="member").eq(destination.name))
    on_list = exp.and_(exp.EQ(this=exp.column("list", table="pair"), expression=exp.column("audience", table="member")), here)
    on_id = exp.EQ(this=exp.column("subject_id", table=relation), expression=exp.column("now_id", table="member"))
    return (
        exp.select(exp.column("list", table="pair"), exp.column("user_id", table="member"), basis.as_("basis"), *texts)
        .from_(exp.alias_(exp.to_table("list_pair"), "pair", table=True))
        .join(exp.alias_(exp.to_table("synced_member"), "member", table=True), on=on_list)
        .join(exp.to_table(relation), on=on_id, join_type="left")
        .where(exp.column("destination", table="pair").eq(destination.name), exp.column("of", table="pair").eq(of.value))
    )


def _trait(path: Path, of: Subject) -> exp.Expr:
    if path.text == of.id_name:
        return exp.column("now_id", table="member")
    return exp.column(trait_column(path), table=LIST_TRAITS[of], quoted=True)


_FRESH = """
    CREATE TEMP TABLE list_fresh AS
    SELECT raw.* FROM list_raw AS raw
    ANTI JOIN list_told AS told
        ON told.destination = ? AND told.list = raw.list AND told.user_id = raw.user_id AND told.basis = raw.basis
"""


def _read_values(engine: Engine, destination: ListDestination) -> None:
    """Make `country_read` and `phone_read` of what the fresh rows have of them."""
    region = destination.region.trait if destination.region is not None else None
    countries = {column.trait for column in destination.columns if column.form is Form.COUNTRY}
    if region is not None and destination.needs_region:
        countries.add(region)
    names = [(_text(destination, path), exp.null()) for path in sorted(countries, key=str)]
    make_reading(engine, "country_read", _asked(names), country_code)
    phones = dict.fromkeys(column.trait for column in destination.columns if column.form is Form.PHONE)
    asked = [(_text(destination, path), _region(destination)) for path in phones]
    make_reading(engine, "phone_read", _asked(asked, None if region is None else _text(destination, region)), e164)


def _asked(values: Sequence[tuple[exp.Expr, exp.Expr]], home: exp.Expr | None = None) -> exp.Query | None:
    """Rows (value, beside) of the fresh rows; None without any value. `home`: the text by which `home` names a country."""
    queries: list[exp.Query] = []
    for value, beside in values:
        columns = [exp.cast(value.copy(), "VARCHAR").as_("value"), exp.cast(beside.copy(), "VARCHAR").as_("beside")]
        query: exp.Select = exp.select(*columns).from_(exp.alias_(exp.to_table("list_fresh"), "fresh", table=True))
        queries.append(query if home is None else _with_country(query, "home", home.copy()))
    if not queries:
        return None
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def _text(destination: ListDestination, path: Path) -> exp.Expr:
    return exp.column(f"raw_{destination.traits.index(path)}", table="fresh")


def _region(destination: ListDestination) -> exp.Expr:
    """The country by which a member's phones are read; needs `home` where a trait says it."""
    if destination.region is None:
        return exp.null()
    code = exp.Literal.string(destination.region.code) if destination.region.code is not None else exp.null()
    if destination.region.trait is None:
        return code
    return exp.Coalesce(this=exp.column("form", table="home"), expressions=[code])


def _with_country(query: exp.Select, alias: str, text: exp.Expr) -> exp.Select:
    on = exp.EQ(this=exp.column("value", table=alias), expression=text)
    return query.join(exp.alias_(exp.to_table("country_read"), alias, table=True), on=on, join_type="left")


def _made(destination: ListDestination) -> exp.Select:
    """The rows of the fresh members, made of their texts."""
    query: exp.Select = exp.select().from_(exp.alias_(exp.to_table("list_fresh"), "fresh", table=True))
    if destination.needs_region and destination.region is not None and destination.region.trait is not None:
        query = _with_country(query, "home", _text(destination, destination.region.trait))
    values: list[exp.Expr] = []
    for place, column in enumerate(destination.columns):
        text = _text(destination, column.trait)
        match column.form:
            case Form.COUNTRY:
                query = _with_country(query, f"country_{place}", text)
                text = exp.column("form", table=f"country_{place}")
            case Form.PHONE:
                phone = exp.alias_(exp.to_table("phone_read"), f"phone_{place}", table=True)
                same = exp.EQ(this=exp.column("value", table=f"phone_{place}"), expression=text)
                region = exp.cast(_region(destination), "VARCHAR")
                home = exp.NullSafeEQ(this=exp.column("beside", table=f"phone_{place}"), expression=region)
                query = query.join(phone, on=exp.and_(same, home), join_type="left")
                text = exp.column("form", table=f"phone_{place}")
        values.append(e_normal(text, _FORMS[destination.rules][column.form]).as_(f"value_{place}"))
    made = query.select(*(exp.column(name, table="fresh") for name in ("list", "user_id", "basis")), *values)
    shaped = [exp.column(f"value_{place}", table="shaped") for place in range(len(values))]
    told = [value for column, value in zip(destination.columns, shaped, strict=True) if column.tells_who]
    somebody = exp.or_(*(exp.not_(exp.Is(this=value.copy(), expression=exp.null())) for value in told))
    row = exp.Case(ifs=[exp.If(this=somebody, true=_object(destination.columns, shaped))])
    return exp.select(
        exp.Literal.string(destination.name).as_("destination"),
        *(exp.column(name, table="shaped") for name in ("list", "user_id")),
        row.as_("identifiers"),
        exp.column("basis", table="shaped"),
    ).from_(made.subquery("shaped"))


def _object(columns: Sequence[ListColumn], values: Sequence[exp.Expr]) -> exp.Expr:
    """The text of a JSON object with every column, by its name in small letters; one that is missing is null."""
    parts: list[exp.Expr] = []
    for at, (column, value) in enumerate(zip(columns, values, strict=True)):
        sent = e_sha256(value) if column.hashed else value.copy()
        parts.append(exp.Literal.string(f"{',' if at else '{'}{json.dumps(column.name.lower(), ensure_ascii=False)}:"))
        parts.append(exp.Coalesce(this=exp.cast(e_to_json(sent), "VARCHAR"), expressions=[exp.Literal.string("null")]))
    return exp.Concat(expressions=[*parts, exp.Literal.string("}")])


def _known(destination: ListDestination) -> exp.Select:
    """The rows of the others, as the state has them."""
    told = exp.alias_(exp.to_table("list_told"), "told", table=True)
    raw = exp.alias_(exp.to_table("list_raw"), "raw", table=True)
    same = [exp.EQ(this=exp.column(name, table="told"), expression=exp.column(name, table="raw")) for name in ("list", "user_id", "basis")]
    columns = [exp.column(name, table="told") for name in ("destination", "list", "user_id", "identifiers", "basis")]
    here = exp.column("destination", table="told").eq(destination.name)
    return exp.select(*columns).from_(told).join(raw, on=exp.and_(*same)).where(here)
