"""As much of Dify's plugin SDK as a tool and a provider see of it."""

from types import SimpleNamespace


class Tool:
    def __init__(self, credentials):
        self.runtime = SimpleNamespace(credentials=credentials)

    def create_json_message(self, value):
        return {"json": value}

    def create_variable_message(self, name, value):
        return {"variable": name, "value": value}


class ToolProvider:
    pass
