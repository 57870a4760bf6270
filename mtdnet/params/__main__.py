"""``python -m mtdnet.params > params.schema.json``: the schema that an editor checks by."""

import json

from pydantic.json_schema import GenerateJsonSchema

from mtdnet.params.schema import Params

dialect = {"$schema": GenerateJsonSchema.schema_dialect}
print(json.dumps(dialect | Params.model_json_schema(), indent=2))
