"""From the files that engage.yaml names to the staged relations of plan/needs.py."""

from engage_cli.engine.inputs.hashing import HashedFile, find_inputs
from engage_cli.engine.inputs.staging import stage_inputs

__all__ = ["HashedFile", "find_inputs", "stage_inputs"]
