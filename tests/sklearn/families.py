"""All families of cases."""

from __future__ import annotations

from booster_cases import boosters
from cases import Family
from ensemble_cases import committees
from feature_cases import features
from linear_cases import linear
from other_cases import others
from preparation_cases import preparation
from text_cases import text
from tree_cases import trees

FAMILIES: tuple[Family, ...] = (
    linear, preparation, features, trees, committees, others, text, boosters,
)  # fmt: skip
