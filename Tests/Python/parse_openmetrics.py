"""Parses OpenMetrics text on standard input with the reference parser and prints what it found as JSON:
samples and exemplars by family.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8")):
    families[family.name] = {
        "type": family.type,
        "samples": len(family.samples),
        "exemplars": sum(1 for sample in family.samples if sample.exemplar),
    }
json.dump(families, sys.stdout)
