// models/spark/classifier.h — how every classifier of Spark ML goes from scores to a prediction.
#pragma once
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "models/spark/stage.h"

namespace slipway::models::spark {

/// What sets one classifier apart from others.
struct Classifier {
  size_t n_features = 0;
  /// Raw scores: [n_rows × n_classes] of vectors n_features long.
  std::function<Result<Vectors>(const Vectors&)> raw;
  /// Make probabilities of a row's scores, in place; none: it has no probabilities.
  std::function<void(double* scores, size_t n_classes)> to_probability;
  /// Of two classes: the second where its raw score is above; NaN: the class of the greatest score.
  double raw_threshold = std::numeric_limits<double>::quiet_NaN();
};

using MakeClassifier = Result<Classifier> (*)(const Saved& saved);

/// Give the maker of a class that is a classifier, or null.
MakeClassifier find_classifier(std::string_view name);

/// Make the stage of a classifier: raw scores, probabilities and predictions.
Result<Stage> classifier_stage(const Saved& saved, Classifier classifier);

/// Divide by the sum.
void normalize_row(double* scores, size_t n);
void softmax_row(double* scores, size_t n);
/// The place of the greatest, the first of equals.
size_t greatest_of(const double* scores, size_t n);

Result<Classifier> tree_classifier(const Saved& saved);
Result<Classifier> forest_classifier(const Saved& saved);
Result<Classifier> boosted_classifier(const Saved& saved);
Result<Classifier> bayes_classifier(const Saved& saved);

}  // namespace slipway::models::spark
