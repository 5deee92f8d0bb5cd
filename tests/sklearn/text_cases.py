"""Texts to counts and weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cases import Case, random
from sklearn.feature_extraction import text as te
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

WORDS = """The cat sat on THE mat ; naïve café ΟΔΟΣ Straße İstanbul 東京 タワー न्यूयॉर्क a I x_1 42
3.14 don't e-mail ... hello\tworld  two  blanks Ünïcödé ΣΊΣΥΦΟΣ
ДОМ дом o'clock _
__ 1_000 ﬁne""".replace("\n", " ").split(" ")
TRANSFORM = ("transform",)


def texts(n: int, seed: int) -> np.ndarray:
    r = random(seed)
    rows = [" ".join(r.choice(WORDS, size=r.randint(0, 15))) for _ in range(n)]
    return np.array(rows, dtype=object)


def text() -> Iterator[Case]:
    rows, later = texts(60, 1), texts(40, 2)
    later[0], later[1] = "", "unseen words ONLY"
    options = [
        {}, {"binary": True}, {"ngram_range": (1, 3)}, {"ngram_range": (2, 2), "lowercase": False},
        {"token_pattern": r"(?u)\b\w+\b"}, {"stop_words": ["the", "cat"], "ngram_range": (1, 2)},
        {"stop_words": "english"}, {"analyzer": "char", "ngram_range": (1, 3)},
        {"analyzer": "char_wb", "ngram_range": (2, 4)}, {"max_features": 7},
    ]  # fmt: skip
    for i, option in enumerate(options):
        yield Case(f"text_counts_{i}", te.CountVectorizer(**option).fit(rows), later, TRANSFORM)
        yield Case(f"text_tfidf_{i}", te.TfidfVectorizer(**option).fit(rows), later, TRANSFORM)
    for i, option in enumerate((
        {"sublinear_tf": True}, {"norm": "l1"}, {"norm": None}, {"use_idf": False},
        {"smooth_idf": False},
    )):  # fmt: skip
        model = te.TfidfVectorizer(**option).fit(rows)
        yield Case(f"text_weights_{i}", model, later, TRANSFORM)
        steps = make_pipeline(te.CountVectorizer(), te.TfidfTransformer(**option)).fit(rows)
        yield Case(f"text_steps_{i}", steps, later, TRANSFORM)
    for i, option in enumerate((
        {}, {"binary": True}, {"alternate_sign": False, "norm": None}, {"ngram_range": (1, 2)},
    )):  # fmt: skip
        hashing = te.HashingVectorizer(n_features=50, **option)
        yield Case(f"text_hashing_{i}", hashing, later, TRANSFORM)
    y = np.array([str(len(row) % 3) for row in rows])
    model = make_pipeline(te.TfidfVectorizer(), LogisticRegression()).fit(rows, y)
    yield Case("text_pipeline", model, later, ("predict", "predict_proba"), relative=1e-8)
