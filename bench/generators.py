"""Loads a benchmark generator that lies outside this repository."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT.parent / "shared" / "bench"


def load_generator(path: Path) -> ModuleType:
    """Return the module at ``path``; end the program with a sentence when it is not there."""
    if not path.is_file():
        sys.exit(f"The generator is not at {path}: give its place with --generator PATH.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
