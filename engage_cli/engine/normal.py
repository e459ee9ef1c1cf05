"""The forms of list values (definitions/destinations.py) as DuckDB macros: text to the form that is sent or hashed, NULL where it is none.

The rules are those of
Meta: https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (Hash), and, in more words and with examples,
https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters;
Google: https://developers.google.com/data-manager/api/devguides/concepts/formatting and, on names,
https://developers.google.com/google-ads/api/reference/rpc/latest/OfflineUserAddressInfo.
`plain` rules are Meta's for emails and places, Google's for names. Phones and countries are read by outputs/phones.py and countries.py.
"""

_SPACE = r"[\s\p{Z}\x{200B}\x{FEFF}]"
"""White space, also the kinds that only look like nothing."""

NORMALS = {
    # White space goes at both ends, capitals go. What has not one @ between two parts is no address.
    "email_plain": rf"""
list_transform([lower(regexp_replace(value, '^{_SPACE}+|{_SPACE}+$', '', 'g'))],
    lambda v: CASE WHEN regexp_full_match(v, '[^@\s]+@[^@\s]+') THEN v END)[1]
""",
    # Also white space inside; of Gmail's addresses the dots before the @, and what follows a plus sign.
    "email_google": rf"""
list_transform([lower(regexp_replace(value, '{_SPACE}+', '', 'g'))], lambda v: CASE
    WHEN regexp_full_match(v, '[.]*[^@.+][^@]*@(?:gmail|googlemail)[.]com') THEN
        replace(regexp_replace(split_part(v, '@', 1), '[+].*$', ''), '.', '') || '@' || split_part(v, '@', 2)
    WHEN regexp_full_match(v, '[^@]+@[^@]+') AND NOT regexp_full_match(v, '[^@]*@(?:gmail|googlemail)[.]com') THEN v
END)[1]
""",
    # Meta's own libraries take white space and punctuation out of names, letters of any script stay.
    "name_meta": r"nullif(regexp_replace(lower(nfc_normalize(value)), '[^\p{L}\p{M}\p{N}]', '', 'g'), '')",
    # One space inside for several, none at the ends.
    "name_google": rf"""
nullif(trim(regexp_replace(lower(nfc_normalize(value)), '{_SPACE}+', ' ', 'g')), '')
""",
    "place": r"nullif(regexp_replace(lower(nfc_normalize(value)), '[^\p{L}\p{M}]', '', 'g'), '')",
    # No white space and no dash; of a US code with its extension the first five digits.
    "zip_meta": rf"""
list_transform([regexp_replace(lower(value), '{_SPACE}+', '', 'g')], lambda v: CASE
    WHEN regexp_full_match(v, '[0-9]{{5}}-[0-9]{{4}}') THEN substr(v, 1, 5)
    ELSE nullif(replace(v, '-', ''), '')
END)[1]
""",
    "zip_google": rf"nullif(regexp_replace(value, '^{_SPACE}+|{_SPACE}+$', '', 'g'), '')",
    "gender": r"""
list_transform([lower(trim(value))], lambda v: CASE
    WHEN v IN ('f', 'female', 'woman') THEN 'f'
    WHEN v IN ('m', 'male', 'man') THEN 'm'
END)[1]
""",
    # A day as year, month, day, with or without what stands between them; a time after it does not matter.
    "birth_date": r"""
list_transform(
    [regexp_replace(regexp_extract(trim(value), '^([0-9]{4}[-/.]?[0-9]{2}[-/.]?[0-9]{2})(?:[T ].*)?$', 1), '[-/.]', '', 'g')],
    lambda v: CASE WHEN try_strptime(v, '%Y%m%d') IS NOT NULL AND v >= '19000101' THEN v END
)[1]
""",
    "birth_year": r"""
list_transform([regexp_extract(trim(value), '^[0-9]{4}')], lambda v: CASE WHEN v >= '1900' THEN v END)[1]
""",
    "birth_month": r"""
list_transform([coalesce(
    nullif(regexp_extract(trim(value), '^[0-9]{4}[-/.]?([0-9]{2})', 1), ''), lpad(regexp_extract(trim(value), '^[0-9]{1,2}$'), 2, '0')
)], lambda v: CASE WHEN v BETWEEN '01' AND '12' THEN v END)[1]
""",
    "birth_day": r"""
list_transform([coalesce(
    nullif(regexp_extract(trim(value), '^[0-9]{4}[-/.]?[0-9]{2}[-/.]?([0-9]{2})', 1), ''),
    lpad(regexp_extract(trim(value), '^[0-9]{1,2}$'), 2, '0')
)], lambda v: CASE WHEN v BETWEEN '01' AND '31' THEN v END)[1]
""",
    "text": rf"nullif(lower(regexp_replace(value, '^{_SPACE}+|{_SPACE}+$', '', 'g')), '')",
    "digits": r"substr(value, 2)",
    "upper": r"upper(value)",
    "none": "value",
}
"""By name, what is made of `value`."""


def normal_macro(name: str) -> str:
    """The macro of a form, to be made."""
    return f"normal_{name}(value) AS {NORMALS[name].strip()}"
