"""A worker process of Slipway: loads one MLflow model and answers scoring requests over a socket.

Frames in both directions: uint32 and uint64 (little-endian) sizes of a header (JSON) and a body,
then both. Requests are read and answers written by MLflow's own functions where the installed MLflow
(1.30 to 3) has them, so that a client is told what `mlflow models serve` would tell it.
"""

import io
import json
import os
import socket
import struct
import sys
import traceback

ARROW = "application/vnd.apache.arrow.stream"


class Refused(Exception):
    """A request that is at fault; `code` is MLflow's name of what is wrong."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Channel:
    """The socket that was standard input; whatever the model reads or prints goes elsewhere."""

    def __init__(self, source):
        self.source = source
        self.sink = socket.socket(fileno=os.dup(0))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def read(self):
        prefix = self.source.read(12)
        if len(prefix) < 12:
            return None
        header_size, body_size = struct.unpack("<IQ", prefix)
        header = json.loads(self.source.read(header_size))
        return header, self.source.read(body_size)

    def write(self, header, body=b""):
        text = json.dumps(header).encode()
        self.sink.sendall(struct.pack("<IQ", len(text), len(body)) + text + body)


class Scorer:
    def __init__(self, folder):
        import mlflow
        import mlflow.pyfunc
        from mlflow.pyfunc import scoring_server

        self.server = scoring_server
        self.version = mlflow.__version__
        self.model = mlflow.pyfunc.load_model(folder)
        metadata = self.model.metadata
        self.schema = metadata.get_input_schema() if metadata else None
        import inspect

        self.takes_params = "params" in inspect.signature(self.model.predict).parameters

    def parse(self, body, content_type):
        """Give the model's input, its params, and whether it was a chat request without a key."""
        kind, _, rest = content_type.partition(";")
        kind = kind.strip().lower()
        for pair in filter(None, (part.strip().lower() for part in rest.split(";"))):
            if pair not in ("charset=utf-8", 'charset="utf-8"'):
                raise Refused("INVALID_PARAMETER_VALUE", f"content type '{content_type}': {pair} is not taken")
        if kind == ARROW:
            import pyarrow

            return pyarrow.ipc.open_stream(body).read_all().to_pandas(), None, False
        if kind == "application/vnd.apache.parquet":
            import pandas

            return pandas.read_parquet(io.BytesIO(body)), None, False
        if kind == "text/csv":
            text = io.StringIO(body.decode())
            return self.server.parse_csv_input(csv_input=text, schema=self.schema), None, False
        if kind == "application/json":
            return self.parse_json(body.decode())
        raise Refused(
            "INVALID_PARAMETER_VALUE",
            f"the content type '{content_type}' is not supported; accepted: application/json, text/csv, "
            f"application/vnd.apache.parquet, {ARROW}",
        )

    def parse_json(self, text):
        server = self.server
        if hasattr(server, "_parse_json_data"):  # 2.12 and later
            parsed = server._parse_json_data(text, self.model.metadata, self.schema)
            return parsed.data, parsed.params, parsed.is_unified_llm_input
        if hasattr(server, "_split_data_and_params"):  # 2.6
            data, params = server._split_data_and_params(text)
            return server.infer_and_parse_data(data, self.schema), params, False
        if hasattr(server, "infer_and_parse_json_input"):
            return server.infer_and_parse_json_input(text, self.schema), None, False
        raise Refused("NOT_IMPLEMENTED", f"MLflow {self.version} is too old to read requests with")

    def predict(self, data, params):
        if self.takes_params:
            return self.model.predict(data, params=params)
        return self.model.predict(data)

    def write_json(self, predictions, bare):
        out = io.StringIO()
        if bare:
            self.server.unwrapped_predictions_to_json(predictions, out)
        else:
            self.server.predictions_to_json(predictions, out)
        return out.getvalue().encode()


def length(value):
    """Count an answer's rows, where it has some."""
    if isinstance(value, dict):
        lengths = {length(part) for part in value.values()}
        return lengths.pop() if len(lengths) == 1 else 1
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else 1
    return len(value) if isinstance(value, (list, tuple)) else 1


def arrow_stream(predictions):
    """Write predictions as columns: a frame's own names, else none for one and numbers for several."""
    import numpy
    import pandas
    import pyarrow

    if isinstance(predictions, dict):
        predictions = pandas.DataFrame(predictions)
    if not isinstance(predictions, pandas.DataFrame):
        values = predictions if isinstance(predictions, pandas.Series) else numpy.asarray(predictions)
        if values.ndim > 2:
            raise Refused("NOT_IMPLEMENTED", f"predictions of shape {values.shape} are no table")
        if values.ndim == 0:
            values = values.reshape(1)
        predictions = pandas.DataFrame(values)
        n_columns = predictions.shape[1]
        predictions.columns = [""] if n_columns == 1 else [str(i) for i in range(n_columns)]
    predictions.columns = [str(name) for name in predictions.columns]
    table = pyarrow.Table.from_pandas(predictions, preserve_index=False)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def error_of(problem):
    """Say what went wrong as MLflow's server does: its own errors by their code, others as 400."""
    if isinstance(problem, Refused):
        return {"code": problem.code, "message": str(problem)}
    code = getattr(problem, "error_code", None)
    if isinstance(code, str):
        return {"code": code, "message": getattr(problem, "message", None) or str(problem)}
    return {
        "code": "BAD_REQUEST",
        "message": "Encountered an unexpected error while evaluating the model. Verify that the input is"
        f" compatible with the model for inference. {type(problem).__name__}: {problem}",
    }


def answer(scorer, content_type, body, accept):
    data, params, bare = scorer.parse(body, content_type)
    predictions = scorer.predict(data, params)
    if accept == ARROW:
        return arrow_stream(predictions), length(predictions)
    return scorer.write_json(predictions, bare), length(predictions)


def answer_all(scorer, header, body):
    """Answer each part of a request frame; gives the answer's header and body."""
    parts, bodies, begin, out_of_memory = [], [], 0, False
    for part in header["parts"]:
        one = body[begin : begin + part["size"]]
        begin += part["size"]
        try:
            text, n_rows = answer(scorer, part["type"], one, header["accept"])
            parts.append({"size": len(text), "rows": n_rows})
            bodies.append(text)
        except MemoryError as problem:
            out_of_memory = True
            parts.append(error_of(problem))
        except Exception as problem:
            traceback.print_exc()
            parts.append(error_of(problem))
    return {"parts": parts, "out_of_memory": out_of_memory}, b"".join(bodies)


def main(source, hello):
    channel = Channel(source)
    os.environ["_MLFLOW_IS_IN_SERVING_ENVIRONMENT"] = "true"
    try:
        scorer = Scorer(hello["model"])
    except BaseException as problem:
        traceback.print_exc()
        channel.write({"ready": False, "message": f"{type(problem).__name__}: {problem}"})
        sys.exit(1)
    about = f"Python {sys.version.split()[0]}, MLflow {scorer.version}"
    channel.write({"ready": True, "about": about})
    while True:
        frame = channel.read()
        if frame is None:
            return
        channel.write(*answer_all(scorer, *frame))


main(source, hello)  # noqa: F821 (both are there before this file is run)
