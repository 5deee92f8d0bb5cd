// MLflow's own Java client (org.mlflow:mlflow-client) against the server whose address is the first
// argument; the second is a folder for files. Ends with 0 and "passed" when all of it holds.

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.mlflow.api.proto.ModelRegistry.ModelVersion;
import org.mlflow.api.proto.Service.CreateExperiment;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.Experiment;
import org.mlflow.api.proto.Service.ExperimentTag;
import org.mlflow.api.proto.Service.FileInfo;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.api.proto.Service.Param;
import org.mlflow.api.proto.Service.Run;
import org.mlflow.api.proto.Service.RunInfo;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.api.proto.Service.ViewType;
import org.mlflow.tracking.ActiveRun;
import org.mlflow.tracking.MlflowClient;
import org.mlflow.tracking.MlflowContext;
import org.mlflow.tracking.MlflowHttpException;
import org.mlflow.tracking.Page;

public final class ClientTest {
  private final MlflowClient client;
  private final Path folder;
  private final String unique = Long.toHexString(System.nanoTime());

  private ClientTest(String address, String folder) {
    this.client = new MlflowClient(address);
    this.folder = Path.of(folder);
  }

  public static void main(String[] args) throws Exception {
    ClientTest test = new ClientTest(args[0], args[1]);
    test.experiments();
    String runId = test.runs();
    test.search();
    test.context();
    test.artifacts(runId);
    test.registry(runId);
    test.client.close();
    System.out.println("passed");
  }

  private static void equal(Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw new AssertionError("expected " + expected + " but was " + actual);
    }
  }

  private static void refused(int status, Runnable call) {
    try {
      call.run();
    } catch (MlflowHttpException error) {
      equal(status, error.getStatusCode());
      return;
    }
    throw new AssertionError("expected HTTP status " + status);
  }

  private void experiments() {
    String id = client.createExperiment("java " + unique);
    equal("java " + unique, client.getExperiment(id).getName());
    equal(id, client.getExperimentByName("java " + unique).get().getExperimentId());
    equal(false, client.getExperimentByName("nowhere " + unique).isPresent());
    refused(400, () -> client.createExperiment("java " + unique));
    client.setExperimentTag(id, "owner", "ann");
    client.renameExperiment(id, "java new " + unique);
    CreateExperiment.Builder tagged = CreateExperiment.newBuilder().setName("java tagged " + unique);
    tagged.addTags(ExperimentTag.newBuilder().setKey("owner").setValue("bob"));
    String second = client.createExperiment(tagged.build());
    equal("bob", client.getExperiment(second).getTags(0).getValue());
    String filter = "name LIKE 'java % " + unique + "'";
    List<String> names = new ArrayList<>();
    for (Experiment found : client.searchExperiments(filter, ViewType.ALL, 1,
        List.of("name ASC")).getItems()) {
      names.add(found.getName());
    }
    equal(List.of("java new " + unique), names);
    var page = client.searchExperiments(filter, ViewType.ALL, 1, List.of("name ASC"));
    equal(true, page.hasNextPage());
    equal(second, page.getNextPage().getItems().iterator().next().getExperimentId());
    client.deleteExperiment(second);
    equal("deleted", client.getExperiment(second).getLifecycleStage());
    client.restoreExperiment(second);
    equal("active", client.getExperiment(second).getLifecycleStage());
    refused(404, () -> client.getExperiment("999999999"));
  }

  private String runs() {
    String experiment = client.createExperiment("java runs " + unique);
    CreateRun.Builder made = CreateRun.newBuilder().setExperimentId(experiment);
    made.setStartTime(1700000000123L).setRunName("by hand");
    made.addTags(RunTag.newBuilder().setKey("team").setValue("a"));
    RunInfo info = client.createRun(made.build());
    String id = info.getRunId();
    equal(id, info.getRunUuid());
    equal(1700000000123L, info.getStartTime());
    client.logParam(id, "depth", "6");
    client.logMetric(id, "loss", 0.5);
    client.logMetric(id, "loss", 0.25, 1700000000200L, 3);
    client.logMetric(id, "odd", Double.NaN, 1700000000200L, 0);
    client.logMetric(id, "odd", Double.POSITIVE_INFINITY, 1700000000200L, 1);
    client.setTag(id, "note", "é");
    client.deleteTag(id, "note");
    List<Metric> metrics = new ArrayList<>();
    List<Param> params = new ArrayList<>();
    for (int i = 0; i < 90; i++) {
      params.add(Param.newBuilder().setKey("p" + i).setValue("" + i).build());
      metrics.add(Metric.newBuilder().setKey("m").setValue(i).setStep(i).setTimestamp(i).build());
    }
    RunTag tag = RunTag.newBuilder().setKey("b").setValue("ü").build();
    client.logBatch(id, metrics, params, List.of(tag));
    List<Metric> history = client.getMetricHistory(id, "m");
    equal(90, history.size());
    equal(89.0, history.get(89).getValue());
    equal(89L, history.get(89).getStep());
    equal(true, Double.isNaN(client.getMetricHistory(id, "odd").get(0).getValue()));
    refused(400, () -> client.logParam(id, "depth", "7"));
    client.setTerminated(id, RunStatus.FINISHED, 1700000001000L);
    Run run = client.getRun(id);
    equal(RunStatus.FINISHED, run.getInfo().getStatus());
    equal(1700000001000L, run.getInfo().getEndTime());
    equal(91, run.getData().getParamsCount());
    equal(3, run.getData().getMetricsCount());
    client.deleteRun(id);
    equal("deleted", client.getRun(id).getInfo().getLifecycleStage());
    refused(400, () -> client.setTag(id, "late", "x"));
    client.restoreRun(id);
    refused(404, () -> client.getRun("0123456789abcdef0123456789abcdef"));
    return id;
  }

  private void search() {
    String experiment = client.createExperiment("java search " + unique);
    for (int i = 0; i < 5; i++) {
      String id = client.createRun(experiment).getRunId();
      client.logMetric(id, "score", i / 4.0);
      client.logParam(id, "even", String.valueOf(i % 2 == 0));
    }
    List<String> in = List.of(experiment);
    equal(5, client.listRunInfos(experiment).size());
    equal(3, client.searchRuns(in, "params.even = 'true'").size());
    equal(0, client.searchRuns(in, "", ViewType.DELETED_ONLY).size());
    List<Double> scores = new ArrayList<>();
    Page<Run> page = client.searchRuns(in, "metrics.score > 0", ViewType.ACTIVE_ONLY, 3,
        List.of("metrics.score DESC"));
    while (true) {
      for (Run run : page.getItems()) {
        scores.add(run.getData().getMetrics(0).getValue());
      }
      if (!page.hasNextPage()) {
        break;
      }
      page = page.getNextPage();
    }
    equal(List.of(1.0, 0.75, 0.5, 0.25), scores);
    refused(400, () -> client.searchRuns(in, "metrics.score >"));
  }

  private void context() {
    client.createExperiment("java context " + unique);
    MlflowContext context = new MlflowContext(client);
    context.setExperimentName("java context " + unique);
    ActiveRun parent = context.startRun("parent");
    parent.logParams(Map.of("a", "1", "b", "2"));
    parent.logMetrics(Map.of("x", 1.5, "y", 2.5), 7);
    parent.setTags(Map.of("t", "v"));
    ActiveRun child = context.startRun("child", parent.getId());
    child.endRun(RunStatus.FAILED);
    parent.endRun();
    context.withActiveRun("within", run -> run.logMetric("z", 3));
    List<String> in = List.of(context.getExperimentId());
    equal(3, client.searchRuns(in, "").size());
    String children = "tags.mlflow.parentRunId = '" + parent.getId() + "'";
    equal(RunStatus.FAILED, client.searchRuns(in, children).get(0).getStatus());
    equal(7L, client.getMetricHistory(parent.getId(), "x").get(0).getStep());
  }

  // All but the listing of names is done by a Python of $MLFLOW_PYTHON_EXECUTABLE that it starts.
  private void artifacts(String runId) throws Exception {
    Path sent = Files.createDirectories(folder.resolve("sent").resolve("deep"));
    Files.writeString(sent.resolve("a.txt"), "from Java");
    client.logArtifacts(runId, folder.resolve("sent").toFile(), "all");
    List<FileInfo> listed = client.listArtifacts(runId, "all/deep");
    equal("all/deep/a.txt", listed.get(0).getPath());
    equal(9L, listed.get(0).getFileSize());
  }

  private void registry(String runId) throws Exception {
    String name = "java-" + unique;
    client.sendPost("registered-models/create", "{\"name\": \"" + name + "\"}");
    for (int i = 1; i <= 3; i++) {
      client.sendPost("model-versions/create",
          "{\"name\": \"" + name + "\", \"source\": \"s3://bucket/" + i + "\"}");
    }
    client.sendPost("model-versions/transition-stage",
        "{\"name\": \"" + name + "\", \"version\": \"2\", \"stage\": \"Production\"}");
    client.sendPatch("model-versions/update",
        "{\"name\": \"" + name + "\", \"version\": \"1\", \"description\": \"first\"}");
    equal("first", client.getModelVersion(name, "1").getDescription());
    equal(name, client.getRegisteredModel(name).getName());
    equal("s3://bucket/2", client.getModelVersionDownloadUri(name, "2"));
    equal("2", client.getLatestVersions(name, List.of("Production")).get(0).getVersion());
    TreeSet<String> latest = new TreeSet<>();
    for (ModelVersion version : client.getLatestVersions(name)) {
      latest.add(version.getVersion());
    }
    equal(new TreeSet<>(List.of("2", "3")), latest);
    List<String> versions = new ArrayList<>();
    Page<ModelVersion> page = client.searchModelVersions(
        "name = '" + name + "'", 2, List.of("version_number ASC"));
    while (true) {
      for (ModelVersion version : page.getItems()) {
        versions.add(version.getVersion());
      }
      if (!page.hasNextPage()) {
        break;
      }
      page = page.getNextPage();
    }
    equal(List.of("1", "2", "3"), versions);
    refused(404, () -> client.getModelVersion(name, "9"));
    download(name, runId);
  }

  private void download(String name, String runId) throws Exception {
    String source = client.getRun(runId).getInfo().getArtifactUri() + "/all";
    client.sendPost("model-versions/create", "{\"name\": \"" + name + "\", \"source\": \"" + source
        + "\", \"run_id\": \"" + runId + "\"}");
    File back = client.downloadModelVersion(name, "4");
    equal("from Java", Files.readString(back.toPath().resolve("deep/a.txt")));
  }
}
