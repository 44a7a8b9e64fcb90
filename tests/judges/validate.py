"""Prints what cloudformation-validate says of templates; run by the Python that has it."""

from __future__ import annotations

import json
import sys

from cloudformation_validate import CompositeEngine, Severity


def main() -> None:
    """One line of JSON for each finding that is more than a word of advice."""
    engine = CompositeEngine()
    for template in sys.argv[1:]:
        for found in engine.validate_template(template).diagnostics:
            if found.severity != Severity.INFO:
                print(json.dumps({"template": template, "rule": found.rule_id, "message": found.message}))


if __name__ == "__main__":
    main()
