"""What is each ticket about, which words say so, and what does that kind of ticket ask for?

The platform's tickets are templates, which ordered patterns recognise. Free text that none of them fits goes to a classifier
that the patterns teach: character n-grams (no words to cut, no dictionary) and a logistic regression.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.tickets.limits import plain

OTHER = "other"
COLUMNS = [
    "type", "type_source", "type_probability", "type_words", "required", "consequence", "consequence_en", "entrance", "hours",
]  # fmt: skip
SURE = 0.5
"""The probability below which the classifier says nothing."""
TAUGHT_EACH = 40
"""How many of the shop's own texts of one type teach the classifier at most: templates repeat themselves."""
SILENT = re.compile(
    r"[于在]?[0-9零〇一二两三四五六七八九十百]+个?(?:工作日|自然日|小时|天|日|h)(?:之内|以内|内)"
    r"|尽快|及时|处理|回复|反馈|提供|提交|举证|判定|判责|平台(?:提醒)?|逾期|超时|自动|根据|结果|登录|后台|查看|详情|工单|截止|剩余|规定|按要求"
    r"|消费者投诉|订单问题|其他问题|服务单|买家|用户|消费者|顾客|客户|商家|店家|卖家|请|[\s,.。;:!?、(){}\[\]【】“”\"]+"
)
"""What says nothing about a text's type: by when and how to answer, who is meant, and what stands in all of them."""
PARAPHRASES = Path(__file__).with_name("paraphrases.toml")


@dataclass(frozen=True)
class Decision:
    """What the patterns say of a text: its type and the words, or the types that clash (none: no pattern fits)."""

    type: str | None
    words: str
    clashing: tuple[str, ...] = ()


def typed(tickets: pd.DataFrame, types: Sequence[Any]) -> pd.DataFrame:
    """What is each ticket about, and what does its type ask for?

    The tickets with COLUMNS. `types` are those of rules/tickets.toml in their order (`rules.ticket_types()`). The first whose
    `pattern` fits the title decides (`type_source` rule); else the one whose `text_pattern` fits title and content. Where none
    does, or two do in different places, a classifier decides (classifier), between those two where they clash; below a
    probability of .5, and where no word spoke for it, the type is `other` (none). `type_words` are the matched words, or the n-grams that spoke most for the
    likeliest type; `type_probability` is missing for a rule. An empty text is `other`, by none.

    `required` (a tuple of evidence kinds), `consequence`, `entrance` and `hours` are those of the type's version in force on
    the day of creation (the newest where that is unknown); where none was in force: (), "", "ticket" and missing.
    """
    titles, contents = (_masked(tickets[column]) for column in ("ticket_title", "content"))
    pairs = pd.MultiIndex.from_arrays([titles, contents])
    codes, unique = pd.factorize(pairs)
    texts = [(str(title), str(content)) for title, content in unique]
    decided = _decided(texts, types).iloc[codes].set_axis(tickets.index)
    return pd.concat([tickets, decided, _asked_for(decided["type"], tickets["created_at"], types)], axis=1)


def _masked(texts: pd.Series) -> pd.Series:
    """The texts in one form of each sign, their numbers as 0: an order's number says nothing about its type."""
    codes, unique = pd.factorize(texts.fillna(""))
    shown = [re.sub("[0-9]+", "0", plain(str(each))) for each in unique]
    return pd.Series(np.array(shown, dtype=object)[codes] if shown else [], index=texts.index, dtype="str")


def _decided(texts: list[tuple[str, str]], types: Sequence[Any]) -> pd.DataFrame:
    """The first four of COLUMNS for each text (title, content)."""
    by_rule = [by_pattern(title, content, types) for title, content in texts]
    frame = pd.DataFrame(
        {
            "type": [each.type or OTHER for each in by_rule],
            "type_source": ["rule" if each.type else "none" for each in by_rule],
            "type_probability": pd.array([None] * len(texts), dtype="Float64"),
            "type_words": [each.words for each in by_rule],
        }
    )
    whole = [f"{title}\n{content}".strip() for title, content in texts]
    asked = [place for place, each in enumerate(by_rule) if each.type is None and whole[place]]
    if not asked:
        return frame
    known = [(text, each.type) for text, each in zip(whole, by_rule, strict=True) if each.type]
    guesses = _classified(
        [whole[place] for place in asked], [by_rule[place].clashing for place in asked], _lessons(known, types)
    )
    guesses.index = pd.Index(asked)
    is_sure = (guesses["type_probability"] >= SURE) & (guesses["type_words"] != "")
    guesses["type_source"] = np.where(is_sure, "classifier", "none")
    guesses["type"] = guesses["type"].where(is_sure, OTHER)
    frame.loc[asked, list(guesses.columns)] = guesses
    return frame


def by_pattern(title: str, content: str, types: Sequence[Any]) -> Decision:
    """What the patterns say of one ticket; a fit inside the fit of an earlier type does not clash with it."""
    for each in types:
        if each.name != OTHER and (match := re.search(each.pattern, title)):
            return Decision(each.name, match[0])
    text = f"{title}\n{content}"
    fits: list[tuple[str, re.Match[str]]] = []
    for each in types:
        if each.text_pattern and (match := re.search(each.text_pattern, text)):
            is_inside = any(
                name == each.name or (match.start() < e.end() and e.start() < match.end()) for name, e in fits
            )
            fits += [] if is_inside else [(each.name, match)]
    names = tuple(dict.fromkeys(name for name, _ in fits))
    words = "; ".join(match[0] for _, match in fits)
    return Decision(names[0], words) if len(names) == 1 else Decision(None, words, names)


def _lessons(known: list[tuple[str, str]], types: Sequence[Any]) -> pd.DataFrame:
    """The texts that teach the classifier: `text, type`; made-up ones, and of each type some that the rules recognised."""
    made_up = tomllib.loads(PARAPHRASES.read_text(encoding="utf-8"))
    rows = [(text, name) for name in {each.name: None for each in types} for text in made_up.get(name, [])]
    own = pd.DataFrame(sorted(set(known)), columns=["text", "type"]).groupby("type").head(TAUGHT_EACH)
    return pd.concat([pd.DataFrame(rows, columns=["text", "type"]), own], ignore_index=True)


def _classified(texts: list[str], clashing: list[tuple[str, ...]], lessons: pd.DataFrame) -> pd.DataFrame:
    """The likeliest type of each text, its probability and the n-grams that spoke most for it: `type, type_probability, type_words`.

    Where types clash, only they come into question.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(preprocessor=_telling, analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    model = LogisticRegression(C=300.0, solver="saga", tol=1e-3, max_iter=1000, random_state=0)
    model.fit(vectorizer.fit_transform(lessons["text"]), lessons["type"])
    grams = vectorizer.transform(texts)
    chances = model.predict_proba(grams)
    names = model.classes_
    for row, between in enumerate(clashing):
        if between:
            chances[row] *= np.isin(names, between)
    chances /= chances.sum(axis=1, keepdims=True)
    best = chances.argmax(axis=1)
    contributions = grams.multiply(model.coef_[best]).tocsr()
    words = vectorizer.get_feature_names_out()
    return pd.DataFrame(
        {
            "type": names[best],
            "type_probability": pd.array(chances[np.arange(len(texts)), best], dtype="Float64"),
            "type_words": [_said_most(contributions, row, words) for row in range(len(texts))],
        }
    )


def _telling(text: str) -> str:
    return SILENT.sub(" ", text).strip().lower()


def _said_most(contributions: Any, row: int, words: np.ndarray) -> str:
    """The three n-grams that spoke most for the type, none over a gap; of two that overlap as texts the first."""
    place = slice(contributions.indptr[row], contributions.indptr[row + 1])
    values, columns = contributions.data[place], contributions.indices[place]
    said: list[str] = []
    for column in columns[np.argsort(-values, kind="stable")][: (values > 0).sum()]:
        gram = str(words[column]).strip()
        if gram and " " not in gram and not any(gram in each or each in gram for each in said):
            said.append(gram)
        if len(said) == 3:
            break
    return "; ".join(said)


def _asked_for(types: pd.Series, created_at: pd.Series, versions: Sequence[Any]) -> pd.DataFrame:
    """The other COLUMNS, from the version of each type in force on the day of creation."""
    number = pd.Series(-1, index=types.index)
    for place, each in enumerate(versions):
        is_in_force = created_at.isna() | (created_at >= pd.Timestamp(each.valid_from))
        if each.valid_to is not None:
            is_in_force &= created_at.isna() | (created_at < pd.Timestamp(each.valid_to) + pd.Timedelta(days=1))
        number = number.mask((types == each.name) & is_in_force, place)
    rows = [(each.required, each.consequence_zh, each.consequence_en, each.entrance, each.hours) for each in versions]
    table = pd.DataFrame([*rows, ((), "", "", "ticket", None)], columns=COLUMNS[4:]).astype({"hours": "Int64"})
    return table.iloc[number.to_numpy()].set_axis(types.index)
