"""Makes the JSON schemas that the recipes of cluster/ are checked against, of published ones:

    pip download --no-deps kubernetes-validate==1.37.0, and unpack it
    go mod download github.com/kubeflow/training-operator@v1.8.1
    go mod download github.com/compose-spec/compose-go/v2@v2.16.2
    python make_schemas.py KUBERNETES_VALIDATE TRAINING_OPERATOR COMPOSE_GO

The arguments are the folders of these; it needs PyYAML. Descriptions are left out, and
fields that a schema does not name are refused. All are under the Apache License 2.0.
"""

import json
import pathlib
import sys

import yaml

KUBERNETES = "kubernetes_validate/kubernetes-json-schema/v1.30.0-local-strict/_definitions.json"
KINDS = {
    "Job": "io.k8s.api.batch.v1.Job",
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "Service": "io.k8s.api.core.v1.Service",
}


def plain(schema, inside=False):
    """A schema without what a validator does not use; inside names of fields all stay."""
    if isinstance(schema, list):
        return [plain(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    if inside:
        return {name: plain(field) for name, field in schema.items()}
    kept = {}
    for key, value in schema.items():
        if key == "description" or key.startswith("x-kubernetes") and key != "x-kubernetes-int-or-string":
            continue
        kept[key] = plain(value, inside=key in ("properties", "definitions", "$defs", "patternProperties"))
    if kept.pop("x-kubernetes-int-or-string", False):
        kept.pop("type", None)
        kept.pop("format", None)
        kept.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
    return kept


def strict(schema):
    """Refuses the fields that a structural schema does not name."""
    if isinstance(schema, list):
        return [strict(x) for x in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    return schema


def reachable(definitions, names):
    found = {}
    queue = list(names)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found[name] = definitions[name]
        text = json.dumps(definitions[name])
        queue += [part.split('"')[0] for part in text.split("#/$defs/")[1:]]
    return found


def write(name, schema):
    with open(name, "w", encoding="utf-8") as file:
        json.dump(schema, file, separators=(",", ":"), sort_keys=True)
        file.write("\n")


def main():
    kubernetes, operator, compose = map(pathlib.Path, sys.argv[1:])
    definitions = plain(json.loads((kubernetes / KUBERNETES).read_text())["$defs"], inside=True)
    for kind, name in KINDS.items():
        write(f"{kind}.json", {"$ref": f"#/$defs/{name}", "$defs": reachable(definitions, [name])})
    crd = yaml.safe_load((operator / "manifests/base/crds/kubeflow.org_tfjobs.yaml").read_text())
    tfjob = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    tfjob["properties"]["metadata"]["properties"] = {"name": {"type": "string"}}
    write("TFJob.json", strict(plain(tfjob)))
    write("compose.json", plain(json.loads((compose / "schema/compose-spec.json").read_text())))


main()
