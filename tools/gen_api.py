#!/usr/bin/env python3
"""Writes the description of the HTTP API (OpenAPI 3.1) from the tables in the code.

  src/web/routes.def, src/web/schemas.json, src/inventory/options.def  ->  docs/formats/api.yaml
  gen_api.py --check       only compares
  gen_api.py --embed FILE  the same as JSON, as numbers that a C file includes
"""
import json
import re
import sys
import gen_docs
from sourcetree import ROOT

TARGET = "docs/formats/api.yaml"
TEXTS = {200: "done", 201: "made", 204: "done, nothing to say", 400: "not understood",
         401: "no key, or one that is not valid", 403: "the key's scope or the account's quota does not allow it",
         404: "not there, or not yours", 406: "the answer would be of a type that Accept does not name",
         409: "in the way of something that is there, or not possible now", 412: "changed since it was read",
         413: "the body is too big", 415: "the body is no JSON", 422: "fields or parameters are wrong, all of them named",
         429: "too many requests; Retry-After says when the next is welcome",
         503: "the name server cannot be asked now; Retry-After"}
# Options that a service must not let strangers set: commands, and paths on the server.
PRIVATE = {"check-command", "check-timeout", "name", "primaries"}


def camel(name):
    return re.sub(r"-(\w)", lambda m: m.group(1).upper(), name)


def option_schema(name, kind, default, text):
    """Schema of one option of a zone; x-option is its name in the configuration."""
    if re.match(r"(yes or no|on or off):", text):
        words = re.findall(r"\w+", text)[0:3:2]
        return {"type": ["boolean", "null"], "x-option": name, "x-words": words, "description": text}
    if kind in ("number", "seconds"):
        schema = {"type": ["integer", "null"], "minimum": 0}
    elif kind == "word":
        schema = {"type": ["string", "null"], "maxLength": 64}
    else:
        schema = {"type": ["array", "null"], "maxItems": 256, "items": {"type": "string", "maxLength": 512}}
    if default and default not in ("NULL", "0L"):
        text += f" (default: {default})"
    return {**schema, "x-option": name, "description": text}


def zone_options():
    found = {}
    for path, kind, default, text in gen_docs.option_rows():
        name = path.partition("templates[].")[2]
        if name and name not in PRIVATE and "." not in name:
            found[camel(name)] = option_schema(name, kind, default, text)
    return found


def schemas(source):
    """The schemas with the options of zones where x-zone-options asks for them."""
    options = {f"Option{name[0].upper()}{name[1:]}": (name, schema) for name, schema in zone_options().items()}
    found = dict(source["schemas"])
    for schema in source["schemas"].values():
        if schema.pop("x-zone-options", False):
            schema["properties"].update({name: {"$ref": f"#/components/schemas/{own}"}
                                         for own, (name, _) in options.items()})
    found.update({own: schema for own, (_, schema) in options.items()})
    return found


def content(reply, makes, known):
    types = {"JSON": ["application/json"], "TEXT": ["text/plain"], "EVENTS": ["text/event-stream"],
             "EITHER": ["application/json", "text/plain"]}[makes]
    out = {}
    for kind in types:
        name = reply.removesuffix("[]")
        if kind == "application/json" and name != "text":
            if name not in known:
                raise SystemExit(f"gen_api.py: no schema is called {name}")
            ref = {"$ref": f"#/components/schemas/{name}"}
            out[kind] = {"schema": {"type": "array", "items": ref} if reply.endswith("[]") else ref}
        else:
            out[kind] = {"schema": {"type": "string"}}
    return out


def statuses(row):
    path, access, body, own = row[1], row[2], row[9], [int(s) for s in row[11].split()]
    more = []
    if access != "OPEN":
        more += [401, 403, 429, 503]
    if body:
        more += [400, 413, 415]
    if "{" in path:
        more += [404]
    good = [s for s in own if s < 300]
    return good, sorted(set(own + more + [406, 422]) - set(good))


def operation(row, source, known):
    method, path, access, _, _, query, makes, name, summary, body, reply, _ = row
    good, bad = statuses(row)
    out = {"operationId": name, "summary": summary, "tags": [path.split("/")[2] if path.startswith("/api/") else "service"]}
    params = [{"name": p, "in": "path", "required": True, "schema": {"type": "string"}}
              for p in re.findall(r"{(\w+)}", path)]
    for p in query.split():
        if p not in source["parameters"]:
            raise SystemExit(f"gen_api.py: no parameter is called {p}")
        params.append({"name": p, "in": "query", **source["parameters"][p]})
    if params:
        out["parameters"] = params
    if body:
        schema = body.lstrip("?")
        if schema not in known:
            raise SystemExit(f"gen_api.py: no schema is called {schema}")
        out["requestBody"] = {"required": body == schema, "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
    out["responses"] = {str(s): {"description": TEXTS[s], **({"content": content(reply, makes, known)} if reply else {})}
                        for s in good}
    for s in bad:
        same = s == 503 and access == "OPEN"
        out["responses"][str(s)] = {"description": TEXTS[s], "content": content(reply, makes, known)} if same \
            else {"$ref": f"#/components/responses/Error{s}"}
    out["security"] = [] if access == "OPEN" else [{"key": []}, {"bearer": []}]
    if access not in ("OPEN", "METRICS"):
        out["x-scope"] = access.lower()
    return out


def refusals():
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {f"Error{s}": {"description": text, "content": error} for s, text in TEXTS.items() if s >= 400}


def describe():
    rows = gen_docs.rows("src/web/routes.def", "ROUTE")
    source = json.loads((ROOT / "src/web/schemas.json").read_text())
    version = re.search(r"version: '([^']+)'", (ROOT / "meson.build").read_text()).group(1)
    known = schemas(source)
    paths = {}
    for row in rows:
        paths.setdefault(row[1], {})[row[0].lower()] = operation(row, source, known)
    return {"openapi": "3.1.0", "info": {**source["info"], "version": version}, "paths": paths,
            "components": {"schemas": known, "responses": refusals(), "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"}}}}


def yaml(value, indent=0):
    """Lines of a block of YAML: mappings and lists in blocks, everything else as JSON, which is YAML too."""
    pad = "  " * indent
    plain = lambda v: not isinstance(v, (dict, list)) or not v or \
        (isinstance(v, list) and all(not isinstance(i, (dict, list)) for i in v))
    if isinstance(value, dict):
        for key, inner in value.items():
            name = key if re.fullmatch(r"[A-Za-z$][\w$-]*", key) and key not in ("null", "true", "false") \
                else json.dumps(key)
            if plain(inner):
                yield f"{pad}{name}: {json.dumps(inner, ensure_ascii=False)}"
            else:
                yield f"{pad}{name}:"
                yield from yaml(inner, indent + 1)
    else:
        for inner in value:
            if plain(inner):
                yield f"{pad}- {json.dumps(inner, ensure_ascii=False)}"
                continue
            lines = list(yaml(inner, indent + 1))
            yield f"{pad}- {lines[0].lstrip()}"
            yield from lines[1:]


def document():
    """The text of docs/formats/api.yaml; tools/gen_docs.py writes it with the others."""
    head = "# Written by tools/gen_api.py from src/web/routes.def, src/web/schemas.json and src/inventory/options.def.\n"
    return head + "\n".join(yaml(describe())) + "\n"


def main():
    if sys.argv[1:2] == ["--embed"]:
        text = json.dumps(describe(), separators=(",", ":")).encode()
        rows = (", ".join(str(b) for b in text[i:i + 32]) for i in range(0, len(text), 32))
        with open(sys.argv[2], "w", encoding="ascii") as out:
            out.write(",\n".join(rows) + "\n")
        return 0
    path = ROOT / TARGET
    if path.exists() and path.read_text() == document():
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{TARGET} is not what the tables say: run tools/gen_api.py")
        return 1
    path.write_text(document())
    print(f"{TARGET} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
