"""The newest step. `fastapi dev` runs it when no file is named."""

from importlib import import_module

from club.ladder import steps

app = import_module(f"steps.{list(steps())[-1]}.main").app
