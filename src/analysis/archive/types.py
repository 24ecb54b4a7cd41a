"""Text → typed value, as SQL expressions over one raw text column; what cannot be read becomes NULL, never a guess.

The common spelling is tried first and the odd ones only where that failed: a cast that fails costs ten times one that
succeeds. Personal data ends here: no expression lets a phone or identity number through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

TAB = "chr(9)"
FULL_WIDTH, ASCII = "０１２３４５６７８９－Ｘｘ＋．）", "0123456789-Xx+.)"
BETWEEN = r"[-. )\x{00A0}\x{200B}]?"
PERSONAL = (
    rf"(?:[+]?86{BETWEEN})?1[3-9][0-9]{BETWEEN}[0-9]{{4}}{BETWEEN}[0-9]{{4}}"
    rf"|[0-9]{{6}}{BETWEEN}[0-9]{{8}}{BETWEEN}[0-9]{{3}}[0-9Xx]|[0-9]{{15}}"
)
PERSONAL_IN_TEXT = rf"(^|[^0-9])(?:{PERSONAL})([^0-9]|$)"

# Cheap, and never wrongly false: a phone number has at least this many signs, and four digits in a row.
SHORTEST_NUMBER = 11
MAY_BE_PERSONAL = "regexp_matches({text}, '[0-9０-９]{{4}}')"

_BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
PERSONAL_ID = (
    rf"(?:86)?1[3-9][0-9][-]?[0-9]{{4}}[-]?[0-9]{{4}}(?:[-xX][0-9]{{1,6}})?|[1-8][0-9]{{5}}(?:19|20)[0-9]{{2}}{_BIRTHDAY}[0-9]{{3}}[0-9Xx]"
    rf"|(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[1-4]|6[1-5])[0-9]{{2}}(?:[1-9][0-9]|0[1-9])[0-9]{{2}}{_BIRTHDAY}[0-9]{{3}}"
)
ID = r"[0-9A-Za-z_-]+"
# Nearly every identifier, and never a personal one: those begin with a digit, and have other lengths where they are digits only.
HARMLESS_ID = r"[A-Za-z][0-9A-Za-z_-]{2,39}|[0-9]{3,10}|[0-9]{12}|[0-79][0-9]{12}|[0-9]{14}"
# An amount that does not fit is no amount but something else in the wrong column: perhaps a phone number.
YUAN = "decimal(10, 2)"
BLANKS = "('', '-', '--', '－', '—', '/')"


def cleaned(text: str) -> str:
    """A cell without tabs and outer spaces; NULL where nothing is left."""
    return f"nullif(trim(replace({text}, {TAB}, ''), ' ' || chr(12288)), '')"


def masked(text: str) -> str:
    """Free text whose phone numbers (11 digits) and identity numbers (15 or 18) are hidden.

    Applied twice, because two numbers that share the character between them need two passes.
    """
    ascii_digits = f"translate({text}, '{FULL_WIDTH}', '{ASCII}')"
    once = f"regexp_replace({ascii_digits}, '{PERSONAL_IN_TEXT}', '\\1***\\2', 'g')"
    twice = f"regexp_replace({once}, '{PERSONAL_IN_TEXT}', '\\1***\\2', 'g')"
    return f"case when {MAY_BE_PERSONAL.format(text=text)} then {twice} else {text} end"


@dataclass(frozen=True)
class Type:
    """How text becomes a value, in steps so that nothing is computed twice and the odd spellings cost only their own rows.

    `fast(raw)` reads the common spelling; `whole(fast, raw)` gives it back, or reads an odd spelling where it is NULL;
    `check(value)` turns a value that cannot be meant into NULL.
    """

    sql_type: str
    fast: Callable[[str], str]
    whole: Callable[[str, str], str]
    check: Callable[[str], str] | None = None


def let(value: str, body: str) -> str:
    """`body` over `x`, computed once: SQL's way to name a value inside an expression."""
    return f"list_transform([{value}], lambda x: {body})[1]"


def _same(raw: str) -> str:
    return raw


def _tabless(raw: str) -> str:
    """Looked for first, because replacing nothing costs a copy."""
    return f"case when contains({raw}, {TAB}) then replace({raw}, {TAB}, '') else {raw} end"


def _text(_: str, raw: str) -> str:
    """What is neither padded nor may hide a number stays as it is: tests from cheap to dear, and the rest is rare.

    Nothing is computed once with `let` here: it would compile the patterns again for every block of rows.
    """
    may_hide = f"length({raw}) >= {SHORTEST_NUMBER} and {MAY_BE_PERSONAL.format(text=raw)}"
    is_odd = f"{raw} < '!' or ends_with({raw}, ' ') or contains({raw}, {TAB}) or ({may_hide})"
    return f"case when {raw} = '' then null when {is_odd} then {masked(cleaned(raw))} else {raw} end"


def _id(tabless: str, _: str) -> str:
    """An identifier: letters and digits only. `.0` is a spreadsheet's and goes; an exponent is undone only where no digit is lost."""
    is_whole = (
        "strlen(regexp_extract(x, '^[1-9]\\.([0-9]+)[eE]', 1)) "
        ">= try_cast(regexp_extract(x, '[eE][+]?([0-9]+)$', 1) as integer)"
    )
    spelt = f"case when {is_whole} then try_cast(x as decimal(38, 0))::varchar else regexp_extract(x, '^({ID})(\\.0+)?$', 1) end"
    return (
        f"case when regexp_full_match({tabless}, '{HARMLESS_ID}') then {tabless} "
        f"when regexp_full_match({tabless}, '{ID}') then {_not_personal(tabless)} "
        f"when {tabless} <> '' then {let(let(f'trim({tabless})', spelt), _not_personal('x'))} end"
    )


def _not_personal(identifier: str) -> str:
    """A bare phone or identity number in an identifier's column is somebody's, so it becomes NULL."""
    return (
        f"case when strlen({identifier}) between 11 and 20 "
        f"then case when not regexp_full_match({identifier}, '{PERSONAL_ID}') then {identifier} end "
        f"when strlen({identifier}) between 3 and 40 then {identifier} end"
    )


def _order_id(tabless: str, _: str) -> str:
    outer = f"trim({tabless}, ' ' || chr(160) || chr(12288))"
    return (
        f"case when regexp_full_match({tabless}, $order_id_pattern) then {tabless} "
        f"else case when regexp_full_match({outer}, $order_id_pattern) then {outer} end end"
    )


def _yuan_fast(raw: str) -> str:
    return f"try_cast(nullif({raw}, '') as {YUAN})"


def _yuan(fast: str, raw: str) -> str:
    """Integer fen. `¥`, `元`, thousands commas and full-width forms are taken off."""
    odd = f"try_cast(regexp_replace({raw}, '[¥￥,，元\\s＋+]', '', 'g') as {YUAN})"
    return f"(coalesce({fast}, case when {raw} <> '' then {odd} end) * 100)::bigint"


def _count_fast(raw: str) -> str:
    return f"try_cast(nullif({raw}, '') as integer)"


def _count(fast: str, raw: str) -> str:
    odd = let(
        f"try_cast(regexp_replace({raw}, '[,，件个单\\s]', '', 'g') as decimal(18, 4))",
        "case when x = floor(x) then try_cast(x as integer) end",
    )
    return f"coalesce({fast}, case when {raw} <> '' then {odd} end)::bigint"


def _at_fast(raw: str) -> str:
    return f"try_cast(nullif({_tabless(raw)}, '') as timestamp)"


def _at(fast: str, raw: str) -> str:
    """Beijing wall-clock time: `2026-06-06 13:41:05`, `2026/6/6 13:41`, `2026年6月6日 13:41`, epoch s/ms, spreadsheet serial."""
    odd = let(
        f"trim({_tabless(raw)})",
        "case when regexp_full_match(x, '[0-9]{10}') then epoch_ms(8 * 3600000 + 1000 * x::bigint) "
        "when regexp_full_match(x, '[0-9]{13}') then epoch_ms(8 * 3600000 + x::bigint) "
        "when try_cast(x as double) between 42000 and 73000 "
        "then epoch_ms((round(x::double * 86400) - 2209161600)::bigint * 1000) "
        "else try_cast(trim(translate(x, '年月日', '-- ')) as timestamp) end",
    )
    return f"coalesce({fast}, case when {raw} not in {BLANKS} then {odd} end)"


def _likely(moment: str) -> str:
    return f"case when {moment} between timestamp '2015-01-01' and timestamp '2100-01-01' then {moment} end"


def _on(_: str, raw: str) -> str:
    """A date, also as `12-29-25` (a spreadsheet's month-day-year), `20251229` and `2025年12月29日`."""
    plain = f"trim({_tabless(raw)})"
    return (
        f"case when regexp_full_match({plain}, '[0-9]{{1,2}}[-/][0-9]{{1,2}}[-/][0-9]{{2}}') "
        f"then try_strptime(replace({plain}, '/', '-'), '%m-%d-%y')::date "
        f"when regexp_full_match({plain}, '20[0-9]{{6}}') then try_strptime({plain}, '%Y%m%d')::date "
        f"else ({_at(_at_fast(raw), raw)})::date end"
    )


def _rate(_: str, raw: str) -> str:
    """A share 0–1: `0.22 %` is 0.0022, a number without the sign is a share already."""
    number = "try_cast(regexp_replace(x, '[%％]', '') as decimal(18, 10))"
    return let(
        f"regexp_replace({raw}, '\\s', '', 'g')",
        f"(case when regexp_matches(x, '[%％]') then {number} / 100 else {number} end)::decimal(18, 10)",
    )


def _hours(_: str, raw: str) -> str:
    return f"try_cast(regexp_replace({raw}, '小时|时|h|\\s', '', 'g') as decimal(10, 4))"


def _flag(_: str, raw: str) -> str:
    return let(
        f"lower(trim({_tabless(raw)}))",
        "case when x in ('是', '1', '1.0', 'true', 'y', 'yes', '介入', '已介入', '平台介入', '纠纷退款') then true "
        "when x in ('否', '0', '0.0', 'false', 'n', 'no', '未介入', '非纠纷退款') then false end",
    )


TYPES: dict[str, Type] = {
    "text": Type("varchar", _same, _text),
    "word": Type("varchar", _same, _text),
    "id": Type("varchar", _tabless, _id),
    "order_id": Type("varchar", _tabless, _order_id),
    "optional_order_id": Type("varchar", _tabless, _order_id),
    "yuan": Type("bigint", _yuan_fast, _yuan),
    "count": Type("bigint", _count_fast, _count),
    "at": Type("timestamp", _at_fast, _at, _likely),
    "on": Type("date", _same, _on, _likely),
    "rate": Type(
        "decimal(18, 10)", _same, _rate, lambda share: f"case when {share} between 0 and 100 then {share} end"
    ),
    "hours": Type("decimal(10, 4)", _same, _hours),
    "flag": Type("boolean", _same, _flag),
}
NEVER_BAD = ("text", "optional_order_id")


def shown(raw: str) -> str:
    """A key cell that cannot be read, as it is kept for the user: short, its numbers masked, without Chinese text."""
    printable = f"left(regexp_replace(trim(replace({raw}, {TAB}, '')), '[^ -~]', '□', 'g'), 40)"
    return let(printable, masked("x"))


def is_blank(raw: str) -> str:
    """Whether a raw cell says nothing: missing, empty, or a dash."""
    return f"coalesce(trim(replace({raw}, {TAB}, '')) in {BLANKS}, true)"


def reason(type_name: str, raw: str) -> str:
    """Why a key cell cannot be read, as one word; the words' meaning is in docs/data-dictionary.md."""
    scientific = "when regexp_matches(x, '^[0-9.]+[eE][+]?[0-9]+$') then 'scientific_notation'"
    if type_name in ("order_id", "optional_order_id"):
        rest = f"{scientific} when regexp_full_match(x, '[0-9]{{6}}-?[0-9]*') then 'digits_lost' else 'not_an_order_id' end"
    elif type_name == "id":
        rest = f"{scientific} when regexp_full_match(x, '{PERSONAL_ID}') then 'personal_data' else 'not_an_id' end"
    elif type_name == "word":
        rest = "else 'unknown_word' end"
    else:
        rest = "else 'unreadable' end"
    return let(f"coalesce(trim(replace({raw}, {TAB}, '')), '')", f"case when x in {BLANKS} then 'missing' {rest}")
