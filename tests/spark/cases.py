"""Pipelines of MLlib's stages, small, each with its own columns so that one holds many.

Each case is a name, the stages, the rows it is fitted on, the rows that are scored, and the columns
that are compared.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyspark.ml import classification as cl
from pyspark.ml import clustering as cs
from pyspark.ml import feature as ft
from pyspark.ml import regression as rg
from pyspark.ml.evaluation import MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.pipeline import Pipeline
from pyspark.ml.recommendation import ALS
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder, TrainValidationSplit

Rows = dict[str, list[Any]]
NUMBERS = ("a", "b", "c", "d")


@dataclass
class Case:
    name: str
    stages: list[Any]
    fitted_on: Rows
    scored: Rows
    relative: float = 1e-9


def numbers(n: int, seed: int) -> Rows:
    pick = random.Random(seed)
    rows: Rows = {
        "a": [round(pick.gauss(3, 2), 3) for _ in range(n)],
        "b": [round(pick.expovariate(0.2), 3) for _ in range(n)],
        "c": [float(pick.randrange(4)) for _ in range(n)],
        "d": [round(pick.uniform(-5, 5), 2) if pick.random() > 0.3 else 0.0 for _ in range(n)],
    }
    made = list(zip(*(rows[c] for c in NUMBERS), strict=True))
    rows["two"] = [float(a + d + pick.gauss(0, 1) > 3) for a, b, c, d in made]
    rows["three"] = [float((c + (a > 3)) % 3) for a, b, c, d in made]
    rows["value"] = [round(2 * a - b + 3 * (c == 2) + pick.gauss(0, 0.3), 4) for a, b, c, d in made]
    rows["positive"] = [round(math.exp(0.2 * a - 0.05 * b), 4) for a, b, c, d in made]
    rows["count"] = [float(int(p * 2)) for p in rows["positive"]]
    rows["many"] = [pick.randrange(1, 5) for _ in range(n)]
    rows["weight"] = [round(pick.uniform(0.5, 2), 2) for _ in range(n)]
    rows["censor"] = [float(pick.random() > 0.3) for _ in range(n)]
    rows["city"] = [pick.choice(["Oslo", "Rome", "Rome", "Bern", "Bern", "Bern"]) for _ in range(n)]
    rows["kind"] = [pick.choice(["x", "y", "z z", "Ü"]) for _ in range(n)]
    return rows


def assembled(inputs: tuple[str, ...] = NUMBERS, out: str = "features") -> ft.VectorAssembler:
    return ft.VectorAssembler(inputCols=list(inputs), outputCol=out)


def encoders() -> list[Any]:
    return [
        ft.StringIndexer(inputCol="city", outputCol="city_i", handleInvalid="keep"),
        ft.StringIndexer(
            inputCols=["kind", "many"], outputCols=["kind_i", "many_i"], handleInvalid="keep",
            stringOrderType="alphabetDesc",
        ),
        ft.StringIndexer(inputCol="c", outputCol="c_i"),
        ft.OneHotEncoder(inputCols=["city_i", "kind_i"], outputCols=["city_v", "kind_v"]),
        ft.OneHotEncoder(inputCol="many_i", outputCol="many_v", dropLast=False),
        ft.OneHotEncoder(inputCol="many", outputCol="many_k", handleInvalid="keep"),
        ft.IndexToString(inputCol="c_i", outputCol="c_back"),
        ft.IndexToString(inputCol="c", outputCol="c_named", labels=["p", "q", "r", "s"]),
        ft.Bucketizer(splits=[-math.inf, 0.0, 2.5, math.inf], inputCol="a", outputCol="a_bucket"),
        ft.Bucketizer(
            splitsArray=[[-math.inf, 1.0, math.inf], [-10, 0.0, 0.5, 5.0]], inputCols=["b", "d"],
            outputCols=["b_bucket", "d_bucket"], handleInvalid="keep",
        ),
        ft.QuantileDiscretizer(numBuckets=4, inputCol="b", outputCol="b_quarter"),
        ft.Binarizer(threshold=2.0, inputCol="a", outputCol="a_high"),
        ft.Binarizer(thresholds=[1.0, 0.0], inputCols=["b", "d"], outputCols=["b_high", "d_high"]),
        assembled(), assembled(("a", "many", "city_v", "kind_v"), "mixed"),
    ]  # fmt: skip


def vectors() -> list[Any]:
    return [
        ft.Binarizer(threshold=0.5, inputCol="mixed", outputCol="mixed_high"),
        ft.StandardScaler(inputCol="features", outputCol="standard"),
        ft.StandardScaler(inputCol="features", outputCol="centred", withMean=True),
        ft.StandardScaler(inputCol="mixed", outputCol="shifted", withMean=True, withStd=False),
        ft.MinMaxScaler(inputCol="features", outputCol="minmax", min=-1.0, max=2.0),
        ft.MaxAbsScaler(inputCol="mixed", outputCol="maxabs"),
        ft.RobustScaler(inputCol="features", outputCol="robust", withCentering=True),
        ft.RobustScaler(inputCol="mixed", outputCol="robust2"),
        ft.PolynomialExpansion(inputCol="features", outputCol="cubic", degree=3),
        ft.PolynomialExpansion(inputCol="mixed", outputCol="squares", degree=2),
        ft.Normalizer(inputCol="features", outputCol="unit"),
        ft.Normalizer(inputCol="mixed", outputCol="unit1", p=1.0),
        ft.Normalizer(inputCol="features", outputCol="unitmax", p=math.inf),
        ft.PCA(inputCol="features", outputCol="pca", k=2),
        ft.PCA(inputCol="mixed", outputCol="pca_mixed", k=3),
        ft.ChiSqSelector(
            numTopFeatures=2, featuresCol="mixed", outputCol="chosen", labelCol="two"
        ),
        ft.UnivariateFeatureSelector(
            featuresCol="features", outputCol="best", labelCol="two", selectionMode="numTopFeatures"
        ).setFeatureType("continuous").setLabelType("categorical").setSelectionThreshold(2),
        ft.VarianceThresholdSelector(
            featuresCol="features", outputCol="varied", varianceThreshold=3.0
        ),
        ft.VectorIndexer(inputCol="features", outputCol="codes", maxCategories=5),
        ft.VectorIndexer(inputCol="mixed", outputCol="codes2", handleInvalid="keep"),
        ft.ElementwiseProduct(scalingVec=[1.0, 0.0, 2.0, -1.0], inputCol="features",
                              outputCol="product"),
        ft.Interaction(inputCols=["a", "city_v", "features"], outputCol="crossed"),
        ft.DCT(inputCol="features", outputCol="dct"),
        ft.DCT(inputCol="features", outputCol="idct", inverse=True),
        ft.VectorSlicer(inputCol="mixed", outputCol="sliced", indices=[3, 0]),
        ft.VectorSizeHint(inputCol="features", size=4, handleInvalid="error"),
        ft.FeatureHasher(inputCols=["a", "city", "kind", "many"], outputCol="hashed",
                         numFeatures=64, categoricalCols=["many"]),
    ]  # fmt: skip


def features() -> Iterator[Case]:
    fitted, scored = numbers(60, 1), numbers(20, 2)
    scored["city"][3] = "Lima"
    scored["kind"][4] = None
    yield Case("features", [*encoders(), *vectors()], fitted, scored)
    holes, later = numbers(60, 3), numbers(20, 4)
    for rows in (holes, later):
        rows["a"][2] = rows["b"][4] = math.nan
        rows["c"][5] = -1.0
    stages = [
        ft.Imputer(inputCols=["a", "b"], outputCols=["a_full", "b_full"], strategy="median"),
        ft.Imputer(inputCol="c", outputCol="c_full", missingValue=-1.0, strategy="mode"),
        ft.VectorAssembler(inputCols=["a", "d"], outputCol="kept", handleInvalid="keep"),
        ft.VectorAssembler(inputCols=["a_full", "b_full", "c_full"], outputCol="full"),
        ft.Bucketizer(splits=[-100, 0, 3, 100], inputCol="a", outputCol="a_b",
                      handleInvalid="keep"),
    ]
    yield Case("holes", stages, holes, later)
    stages = [
        ft.StringIndexer(inputCol="city", outputCol="city_i", handleInvalid="skip"),
        ft.VectorAssembler(inputCols=["a", "city_i"], outputCol="v", handleInvalid="skip"),
        ft.RFormula(formula="two ~ a + city + kind:b + d:c", labelCol="label_f",
                    featuresCol="formula"),
        rg.LinearRegression(featuresCol="v", labelCol="value", maxIter=5),
    ]
    later = numbers(20, 6)
    later["city"][3], later["a"][5] = "Lima", math.nan
    yield Case("skipped", stages, numbers(40, 5), later)


SAID = (
    "The quick brown fox", "jumps over THE lazy dog", "a fox is a fox, is a fox", "",
    "Ünïcode fox 12", "dogs and foxes", "I am   the dog's friend", "quick quick quick dog",
)  # fmt: skip


def texts() -> Iterator[Case]:
    pick = random.Random(7)
    said = [" ".join(pick.sample(SAID, 2)) for _ in range(30)]
    stages = [
        ft.Tokenizer(inputCol="said", outputCol="words"),
        ft.RegexTokenizer(inputCol="said", outputCol="regex", pattern="\\W+", minTokenLength=2),
        ft.RegexTokenizer(inputCol="said", outputCol="found", pattern="[a-z]+", gaps=False,
                          toLowercase=False),
        ft.StopWordsRemover(inputCol="words", outputCol="said_less"),
        ft.StopWordsRemover(inputCol="words", outputCol="own", stopWords=["Fox", "dog"],
                            caseSensitive=True),
        ft.NGram(inputCol="words", outputCol="pairs", n=2),
        ft.HashingTF(inputCol="words", outputCol="hashed", numFeatures=100),
        ft.HashingTF(inputCol="pairs", outputCol="hashed2", binary=True,
                     numFeatures=1000),
        ft.CountVectorizer(inputCol="said_less", outputCol="counts", minDF=2.0),
        ft.CountVectorizer(inputCol="words", outputCol="counts2", minTF=2.0, binary=True),
        ft.IDF(inputCol="counts", outputCol="idf", minDocFreq=3),
        ft.IDF(inputCol="hashed", outputCol="idf2"),
        ft.Word2Vec(inputCol="words", outputCol="w2v", vectorSize=3, minCount=1, seed=1),
        cl.LogisticRegression(featuresCol="idf2", labelCol="two", maxIter=5, regParam=0.1),
        cl.NaiveBayes(featuresCol="hashed", labelCol="two", predictionCol="nb",
                      rawPredictionCol="nb_raw", probabilityCol="nb_p"),
    ]  # fmt: skip
    labels = [float("fox" in text) for text in said]
    scored = {"said": [*SAID, "dogs foxes zebras"], "two": [0.0] * 9}
    yield Case("texts", stages, {"said": said, "two": labels}, scored, 1e-6)


def named(kind: Any, prefix: str, **options: Any) -> Any:
    """An estimator whose output columns are its own."""
    model = kind()
    model._set(**options)
    for column in ("prediction", "rawPrediction", "probability", "leaf"):
        param = f"{column}Col"
        if model.hasParam(param):
            model._set(**{param: f"{prefix}_{column}"})
    return model


def classifiers() -> Iterator[Case]:
    fitted, scored = numbers(80, 11), numbers(25, 12)
    for label in ("two", "three"):
        lr, tree = cl.LogisticRegression, cl.DecisionTreeClassifier
        forest, nb = cl.RandomForestClassifier, cl.NaiveBayes
        options = {"labelCol": label, "featuresCol": "features"}
        stages = [
            assembled(), ft.VectorIndexer(inputCol="features", outputCol="codes", maxCategories=5),
            ft.MinMaxScaler(inputCol="features", outputCol="unit"),
            named(lr, "lr", **options, maxIter=10),
            named(lr, "lrm", **options, family="multinomial", maxIter=5, regParam=0.1),
            named(tree, "dt", labelCol=label, featuresCol="codes", maxDepth=4),
            named(forest, "rf", labelCol=label, featuresCol="codes", numTrees=7, seed=1),
            named(nb, "nbm", labelCol=label, featuresCol="unit"),
            named(nb, "nbg", **options, modelType="gaussian"),
            named(nb, "nbc", labelCol=label, featuresCol="unit", modelType="complement"),
            named(cl.MultilayerPerceptronClassifier, "mlp", **options, layers=[4, 5, 3],
                  maxIter=10, seed=1),
            # its raw scores keep their name: a model that is read back asks its classifiers for it
            cl.OneVsRest(**options, predictionCol="ovr",
                         classifier=lr(maxIter=5, regParam=0.1)),
        ]  # fmt: skip
        if label == "two":
            stages += [
                named(lr, "lrt", **options, maxIter=5, threshold=0.7),
                named(cl.LinearSVC, "svc", **options, maxIter=5),
                named(cl.GBTClassifier, "gbt", labelCol=label, featuresCol="codes", maxIter=6),
                named(cl.FMClassifier, "fm", **options, maxIter=5, factorSize=2),
                ft.Binarizer(threshold=2.0, inputCol="features", outputCol="bits"),
                named(nb, "nbb", labelCol=label, featuresCol="bits", modelType="bernoulli"),
            ]
        else:
            stages += [
                named(lr, "lrt", **options, maxIter=5, thresholds=[0.5, 0.1, 0.2]),
                named(forest, "rft", **options, numTrees=3, seed=2, thresholds=[0.5, 0.1, 0.2]),
            ]
        yield Case(f"classes_{label}", stages, fitted, scored)


def regressors() -> Iterator[Case]:
    fitted, scored = numbers(80, 21), numbers(25, 22)
    glm = rg.GeneralizedLinearRegression
    value = {"labelCol": "value"}
    stages = [
        assembled(), ft.VectorIndexer(inputCol="features", outputCol="codes", maxCategories=5),
        named(rg.LinearRegression, "lin", **value),
        named(rg.LinearRegression, "net", **value, regParam=0.1, elasticNetParam=0.5),
        named(rg.LinearRegression, "hub", **value, loss="huber", maxIter=10),
        named(rg.DecisionTreeRegressor, "dt", **value, featuresCol="codes"),
        named(rg.RandomForestRegressor, "rf", **value, featuresCol="codes", numTrees=6, seed=1),
        named(rg.GBTRegressor, "gbt", **value, featuresCol="codes", maxIter=5),
        named(rg.FMRegressor, "fm", **value, maxIter=5, factorSize=2),
        named(rg.AFTSurvivalRegression, "aft", labelCol="positive", censorCol="censor",
              quantilesCol="aft_q", maxIter=10),
        named(rg.IsotonicRegression, "iso", **value, featureIndex=1, isotonic=False),
        named(rg.IsotonicRegression, "iso1", **value, featuresCol="a"),
    ]  # fmt: skip
    for family, link, label in (
        ("gaussian", "identity", "value"), ("gaussian", "log", "positive"),
        ("binomial", "logit", "two"), ("binomial", "probit", "two"), ("binomial", "cloglog", "two"),
        ("poisson", "log", "count"), ("poisson", "sqrt", "count"), ("gamma", "inverse", "positive"),
        ("gamma", "log", "positive"),
    ):  # fmt: skip
        name = f"glm_{family}_{link}"
        model = named(glm, name, family=family, link=link, labelCol=label, maxIter=4, regParam=0.1)
        stages.append(model.setLinkPredictionCol(f"{name}_link"))
    tweedie = named(glm, "tw", family="tweedie", variancePower=1.5, labelCol="positive", maxIter=4)
    offset = named(glm, "off", family="poisson", offsetCol="d", labelCol="count", maxIter=4)
    stages += [tweedie, offset]
    yield Case("values", stages, fitted, scored)


def clusters() -> Iterator[Case]:
    stages = [
        assembled(), ft.StandardScaler(inputCol="features", outputCol="scaled"),
        named(cs.KMeans, "km", k=4, seed=1), named(cs.KMeans, "cos", k=3, seed=1,
                                                   distanceMeasure="cosine"),
        named(cs.BisectingKMeans, "bkm", k=5, seed=1, maxIter=5),
        named(cs.BisectingKMeans, "bcos", k=3, seed=1, distanceMeasure="cosine"),
        named(cs.GaussianMixture, "gm", k=2, seed=1, maxIter=5),
    ]  # fmt: skip
    yield Case("clusters", stages, numbers(60, 31), numbers(20, 32))


def searches() -> Iterator[Case]:
    fitted, scored = numbers(60, 41), numbers(15, 42)
    lr = named(cl.LogisticRegression, "cv", labelCol="two", maxIter=5)
    grid = ParamGridBuilder().addGrid(lr.regParam, [0.01, 0.5]).build()
    judge = MulticlassClassificationEvaluator(labelCol="two", predictionCol="cv_prediction")
    inner = Pipeline(stages=[assembled(out="inner"), lr.setFeaturesCol("inner")])
    crossed = CrossValidator(estimator=inner, estimatorParamMaps=grid, evaluator=judge, numFolds=2)
    linear = named(rg.LinearRegression, "tv", labelCol="value")
    grid = ParamGridBuilder().addGrid(linear.regParam, [0.01, 0.5]).build()
    judge = RegressionEvaluator(labelCol="value", predictionCol="tv_prediction")
    split = TrainValidationSplit(estimator=linear, estimatorParamMaps=grid, evaluator=judge)
    indexer = ft.StringIndexer(inputCol="city", outputCol="label")
    last = cl.RandomForestClassifier(numTrees=3, seed=1, labelCol="label")
    stages = [assembled(), crossed, split, indexer, last]
    yield Case("searches", stages, fitted, scored)
    pick = random.Random(51)
    rows: Rows = {
        "user": [pick.randrange(8) for _ in range(60)],
        "item": [pick.randrange(6) * 3 for _ in range(60)],
        "rating": [float(pick.randrange(1, 6)) for _ in range(60)],
    }
    als = ALS(userCol="user", itemCol="item", ratingCol="rating", rank=3, maxIter=3, seed=1)
    later = {"user": [0, 1, 7, 99, 3], "item": [0, 15, 3, 3, 1], "rating": [0.0] * 5}
    yield Case("als", [als], rows, later, 1e-5)
    dropped = als.copy().setColdStartStrategy("drop")
    yield Case("als_drop", [dropped], rows, later, 1e-5)


def goldens() -> Iterator[Case]:
    """The small ones that are kept in tests/golden/models/spark."""
    forest = cl.RandomForestClassifier(labelCol="label", numTrees=3, maxDepth=3, seed=1)
    stages = [
        ft.StringIndexer(inputCol="city", outputCol="label"),
        ft.StringIndexer(inputCol="kind", outputCol="kind_i", handleInvalid="keep"),
        ft.OneHotEncoder(inputCol="kind_i", outputCol="kind_v"),
        ft.VectorAssembler(inputCols=["a", "c", "kind_i"], outputCol="raw"),
        ft.VectorIndexer(inputCol="raw", outputCol="features", maxCategories=6,
                         handleInvalid="keep"),
        ft.VectorAssembler(inputCols=["b", "kind_v"], outputCol="linear"),
        named(cl.LogisticRegression, "lr", featuresCol="linear", labelCol="two", maxIter=5),
        forest,
    ]  # fmt: skip
    yield Case("classes", stages, numbers(40, 61), numbers(12, 62))
    stages = [
        ft.Imputer(inputCols=["a"], outputCols=["a_full"]),
        ft.Bucketizer(splits=[-math.inf, 2.0, 8.0, math.inf], inputCol="b", outputCol="b_bin"),
        assembled(("a_full", "b_bin", "c", "d")),
        ft.StandardScaler(inputCol="features", outputCol="scaled", withMean=True),
        ft.PCA(inputCol="scaled", outputCol="axes", k=2),
        named(cs.KMeans, "km", k=3, seed=1, featuresCol="axes"),
        named(rg.GeneralizedLinearRegression, "glm", family="gamma", link="log",
              labelCol="positive", maxIter=3),
        rg.GBTRegressor(labelCol="value", maxIter=3, maxDepth=3, seed=1),
    ]  # fmt: skip
    yield Case("values", stages, numbers(40, 63), numbers(12, 64))
    labels = {"two": [float("fox" in text) for text in SAID]}
    stages = [
        ft.RegexTokenizer(inputCol="said", outputCol="words", pattern="\\W+"),
        ft.StopWordsRemover(inputCol="words", outputCol="less", stopWords=["the", "a", "is"]),
        ft.NGram(inputCol="less", outputCol="pairs"),
        ft.HashingTF(inputCol="pairs", outputCol="hashed", numFeatures=16),
        ft.CountVectorizer(inputCol="less", outputCol="counts"),
        ft.IDF(inputCol="counts", outputCol="idf"),
        ft.VectorAssembler(inputCols=["hashed", "idf"], outputCol="features"),
        cl.NaiveBayes(labelCol="two"),
        ft.IndexToString(inputCol="prediction", outputCol="named", labels=["no", "yes"]),
    ]
    yield Case("texts", stages, {"said": list(SAID), **labels}, {"said": list(SAID)})


def cases() -> Iterator[Case]:
    for family in (features, texts, classifiers, regressors, clusters, searches):
        yield from family()
