"""All families of cases."""

from __future__ import annotations

from cases import Family
from feature_cases import features
from linear_cases import linear
from preparation_cases import preparation

FAMILIES: tuple[Family, ...] = (linear, preparation, features)
