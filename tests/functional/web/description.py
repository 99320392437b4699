"""The description of the API that the server gives, and values and requests made by it."""
import random
import re
import string

import jsonschema


class Description:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]

    def operations(self):
        """(method, path, operation) of each."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def response(self, operation, status):
        response = operation["responses"].get(str(status))
        if response and "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        return response

    def check(self, operation, status, headers, body_json):
        """Raises when the answer is not one that the description has."""
        response = self.response(operation, status)
        assert response is not None, f"{operation['operationId']}: {status} is not described"
        if "content" not in response:
            return
        kind = headers.get_content_type()
        assert kind in response["content"], f"{operation['operationId']}: {kind} is not described for {status}"
        if kind == "application/json":
            schema = {**response["content"][kind]["schema"], "components": {"schemas": self.schemas}}
            jsonschema.Draft202012Validator(schema).validate(body_json)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def body_schema(self, operation):
        body = operation.get("requestBody")
        return self.resolve(body["content"]["application/json"]["schema"]) if body else None


def fill(path, values):
    return re.sub(r"{(\w+)}", lambda m: values.get(m.group(1), "x"), path)


class Maker:
    """Values for schemas: right ones, and some that are wrong in one way."""

    ODD = [None, True, -1, 0, 2**53, 1e308, "", "x" * 5000, "\u0000", "\ud7ff\U0010ffff", "'; DROP TABLE zones; --",
           "../../etc/passwd", "%00%0a", [], {}, [[]], {"a": {"b": {}}}, "0", "null", "192.0.2.1@0", "::", "\u202e", "a\r\nb: c"]

    def __init__(self, description, seed):
        self.description, self.random = description, random.Random(seed)

    def text(self, schema):
        r = self.random
        if schema.get("format") == "ip":
            return r.choice(["192.0.2.1", "2001:db8::1", "10.0.0.%d" % r.randrange(256)])
        if schema.get("format") == "date-time":
            return "20%02d-01-01T00:00:00Z" % r.randrange(30, 99)
        least, most = schema.get("minLength", 0), min(schema.get("maxLength", 20), 40)
        alphabet = r.choice([string.ascii_lowercase + "-.", string.printable[:95], "äöü漢字.x"])
        return "".join(r.choice(alphabet) for _ in range(r.randint(least, most)))

    def value(self, schema, wrong=0.0, depth=0):
        r = self.random
        schema = self.description.resolve(schema)
        if r.random() < wrong:
            return r.choice(self.ODD)
        if "enum" in schema:
            return r.choice(schema["enum"])
        kind = schema.get("type", "string")
        if isinstance(kind, list):
            kind = r.choice(kind)
        if kind == "object":
            return self.object(schema, wrong, depth)
        if kind == "array":
            count = r.randint(schema.get("minItems", 0), min(schema.get("maxItems", 3), 3)) if depth < 4 else 0
            return [self.value(schema.get("items", {}), wrong, depth + 1) for _ in range(count)]
        if kind == "integer":
            return r.randint(schema.get("minimum", 0), min(schema.get("maximum", 2**31), 2**53))
        return {"boolean": r.random() < 0.5, "null": None, "number": r.random()}.get(kind) if kind != "string" \
            else self.text(schema)

    def object(self, schema, wrong, depth):
        r, out = self.random, {}
        for name, inner in schema.get("properties", {}).items():
            if name in schema.get("required", []) and r.random() >= wrong or r.random() < 0.15:
                out[name] = self.value(inner, wrong, depth + 1)
        if r.random() < wrong:
            out[r.choice(["colour", "", "__proto__", "x" * 300, "ü"])] = r.choice(self.ODD)
        return out
