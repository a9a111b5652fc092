"""Validates JSON on standard input against a schema of draft 2020-12: one document, or with --lines one a line."""

import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1]))
validator = jsonschema.Draft202012Validator
validator.check_schema(schema)
text = sys.stdin.read()
documents = [json.loads(line) for line in text.splitlines()] if "--lines" in sys.argv else [json.loads(text)]
errors = [error for document in documents for error in validator(schema).iter_errors(document)]
for error in errors[:10]:
    print("/".join(map(str, error.path)), error.message[:300])
print(f"{len(documents)} documents, {len(errors)} errors")
sys.exit(1 if errors or not documents else 0)
