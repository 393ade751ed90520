"""Runs one tool of an unpacked plugin, or its check of credentials, as the SDK does. In and out: JSON."""

import importlib.util
import json
import sys

import dify_plugin

directory, source, parent = sys.argv[1:]
sys.path.insert(0, directory)
spec = importlib.util.spec_from_file_location("loaded", f"{directory}/{source}")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
parent = getattr(dify_plugin, parent)
(found,) = [x for x in vars(module).values() if isinstance(x, type) and x is not parent and issubclass(x, parent)]
given = json.load(sys.stdin)
try:
    if parent is dify_plugin.Tool:
        messages = list(found(given["credentials"])._invoke(given["parameters"]))
    else:
        found()._validate_credentials(given["credentials"])
        messages = []
    json.dump({"messages": messages}, sys.stdout)
except Exception as error:
    json.dump({"error": f"{type(error).__name__}: {error}"}, sys.stdout)
