"""A worker process of Slipway: loads one MLflow model and answers scoring requests over a socket.

Frames in both directions: uint32 and uint64 (little-endian) sizes of a header (JSON) and a body,
then both. Requests are read and answers written by the functions of the MLflow that is installed,
so that a client is told what `mlflow models serve` would tell it.
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
        self.checked = None  # a table that needs no further look
        self.spare_checks(mlflow.pyfunc)

    def spare_checks(self, pyfunc):
        """Let MLflow hold no table against the signature that has been held against it before."""
        validate = getattr(pyfunc, "_validate_prediction_input", None)
        params_of = getattr(pyfunc, "_enforce_params_schema", None)
        if validate is None or params_of is None:
            return

        def validate_others(data, params, input_schema, params_schema, *more, **named):
            if data is self.checked:
                return data, params_of(params, params_schema)
            return validate(data, params, input_schema, params_schema, *more, **named)

        pyfunc._validate_prediction_input = validate_others

    def checked_table(self, body):
        """Give the table that MLflow makes of columns that are those of the signature."""
        import numpy
        import pandas
        import pyarrow

        table = pyarrow.ipc.open_stream(body).read_all()
        types = [spec.type.to_pandas() for spec in self.schema.inputs]
        arrays = [column.to_numpy() for column in table.columns]
        names = table.column_names
        if len(set(types)) == 1 and types[0].kind in "iufb":
            values = numpy.empty((len(arrays), table.num_rows), types[0])
            for place, array in zip(values, arrays):
                place[:] = array
            return pandas.DataFrame(values.T, columns=names)
        typed = [numpy.array(array, kind) for array, kind in zip(arrays, types)]
        return pandas.DataFrame(dict(zip(names, typed)), columns=names)

    def parse(self, body, content_type):
        """Give the model's input, its params, and whether it was a chat request without a key."""
        kind, _, rest = content_type.partition(";")
        kind = kind.strip().lower()
        for pair in filter(None, (part.strip().lower() for part in rest.split(";"))):
            if pair not in ("charset=utf-8", 'charset="utf-8"'):
                message = f"content type '{content_type}': {pair} is not taken"
                raise Refused("INVALID_PARAMETER_VALUE", message)
        if kind == ARROW:
            return self.parse_arrow(body), None, False
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
            f"the content type '{content_type}' is not supported; accepted: application/json, "
            f"text/csv, application/vnd.apache.parquet, {ARROW}",
        )

    def parse_arrow(self, body):
        """Give a frame, or where the model takes tensors or tensors came, arrays."""
        import numpy
        import pyarrow

        table = pyarrow.ipc.open_stream(body).read_all()
        tensors = self.schema is not None and self.schema.is_tensor_spec()
        if tensors or any(isinstance(f.type, pyarrow.FixedShapeTensorType) for f in table.schema):
            arrays = {name: array_of(table.column(name)) for name in table.column_names}
            if tensors and self.schema.has_input_names():
                return {
                    spec.name: arrays[spec.name].astype(spec.type)
                    for spec in self.schema.inputs
                    if spec.name in arrays
                }
            if tensors:
                rows = [a if a.ndim > 1 else a[:, None] for a in arrays.values()]
                rows = rows[0] if len(rows) == 1 else numpy.concatenate(rows, axis=1)
                spec = self.schema.inputs[0]
                return rows.reshape([len(rows), *spec.shape[1:]]).astype(spec.type)
            return next(iter(arrays.values())) if len(arrays) == 1 else arrays
        frame = table.to_pandas()
        for field in table.schema:
            if pyarrow.types.is_timestamp(field.type) and field.type.tz:
                frame[field.name] = frame[field.name].dt.tz_localize(None)
        if self.schema is not None:
            from mlflow.utils import proto_json_utils

            cast = getattr(proto_json_utils, "cast_df_types_according_to_schema", None)
            frame = cast(frame, self.schema) if cast else frame
        return frame

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

    def predict(self, data, params, checked=False):
        self.checked = data if checked else None
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


def array_of(column):
    """Give a column of a table as an array; of tensors with their shape behind the rows."""
    import pyarrow

    column = column.combine_chunks()
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else column.type.wrap_array([])
    if isinstance(column.type, pyarrow.FixedShapeTensorType):
        return column.to_numpy_ndarray()
    return column.to_numpy(zero_copy_only=False)


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
    """Write predictions as columns: a frame's own, one without a name of values or of tensors."""
    import numpy
    import pandas
    import pyarrow

    if isinstance(predictions, dict):
        predictions = pandas.DataFrame({name: list(part) for name, part in predictions.items()})
    if isinstance(predictions, pandas.Series):
        predictions = predictions.to_frame("")
    if isinstance(predictions, pandas.DataFrame):
        predictions.columns = [str(name) for name in predictions.columns]
        table = pyarrow.Table.from_pandas(predictions, preserve_index=False)
    else:
        values = numpy.asarray(predictions)
        if values.ndim == 0:
            values = values.reshape(1)
        if values.ndim > 1 and values.dtype.kind in "iuf":
            tensors = numpy.ascontiguousarray(values)
            column = pyarrow.FixedShapeTensorArray.from_numpy_ndarray(tensors)
            table = pyarrow.table([column], names=[""])
        elif values.ndim > 1:
            columns = [pyarrow.array(list(part)) for part in values.T]
            table = pyarrow.table(columns, names=[str(i) for i in range(len(columns))])
        else:
            table = pyarrow.table([pyarrow.array(values.tolist())], names=[""])
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
        "message": "Encountered an unexpected error while evaluating the model. Verify that the "
        f"input is compatible with the model for inference. {type(problem).__name__}: {problem}",
    }


class Part:
    """One request of a frame, and what comes of it."""

    def __init__(self, head, body):
        self.head = head
        self.body = body
        self.answer = None  # what goes into the answer's header
        self.text = b""

    def attempt(self, step):
        """Take a step; what goes wrong becomes the answer."""
        try:
            step()
        except MemoryError as problem:
            self.answer = {**error_of(problem), "out_of_memory": True}
        except Exception as problem:
            traceback.print_exc()
            self.answer = error_of(problem)

    def parse(self, scorer):
        self.checked = self.head.get("checked", False)
        if self.checked:
            self.data, self.params, self.bare = scorer.checked_table(self.body), None, False
            return
        self.data, self.params, self.bare = scorer.parse(self.body, self.head["type"])
        if "params" in self.head:
            self.params = self.head["params"]

    def write(self, scorer, predictions, accept):
        n_rows = length(predictions)
        self.text = (
            arrow_stream(predictions)
            if accept == ARROW
            else scorer.write_json(predictions, self.bare)
        )
        self.answer = {"size": len(self.text), "rows": n_rows}


def table_of(scorer, part):
    """Give a request's input as a table, or nothing where it is not to be scored with others."""
    import pandas

    if part.params or part.bare or scorer.schema is None or scorer.schema.is_tensor_spec():
        return None
    if isinstance(part.data, dict):  # as MLflow then makes of it itself
        return pandas.DataFrame(part.data)
    return part.data if isinstance(part.data, pandas.DataFrame) else None


def predict_together(scorer, parts, accept):
    """Score several requests as one table, where they are tables alike and its rows come back."""
    import pandas

    try:
        frames = [table_of(scorer, part) for part in parts]
        if any(frame is None for frame in frames):
            return
        kinds = {tuple(zip(frame.columns, frame.dtypes)) for frame in frames}
        if len(kinds) > 1:
            return
        counts = [len(frame) for frame in frames]
        whole = pandas.concat(frames, ignore_index=True)
        checked = all(part.checked for part in parts)
        predictions = scorer.predict(whole, None, checked)
        if isinstance(predictions, dict) or length(predictions) != sum(counts):
            return
    except Exception:
        return  # one by one it will be seen whose fault it is
    begin = 0
    for part, count in zip(parts, counts):
        rows = slice(begin, begin + count)
        cut = predictions.iloc[rows] if hasattr(predictions, "iloc") else predictions[rows]
        part.attempt(lambda part=part, cut=cut: part.write(scorer, cut, accept))
        begin += count


def answer_all(scorer, header, body):
    """Answer each part of a request frame; gives the answer's header and body."""
    parts, begin = [], 0
    for head in header["parts"]:
        parts.append(Part(head, body[begin : begin + head["size"]]))
        begin += head["size"]
    for part in parts:
        part.attempt(lambda part=part: part.parse(scorer))
    open_parts = [part for part in parts if part.answer is None]
    accept = header["accept"]
    if len(open_parts) > 1:
        predict_together(scorer, open_parts, accept)
    for part in parts:
        if part.answer is None:
            part.attempt(
                lambda part=part: part.write(
                    scorer, scorer.predict(part.data, part.params, part.checked), accept
                )
            )
    out_of_memory = any(part.answer.get("out_of_memory") for part in parts)
    heads = [part.answer for part in parts]
    return {"parts": heads, "out_of_memory": out_of_memory}, b"".join(part.text for part in parts)


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
