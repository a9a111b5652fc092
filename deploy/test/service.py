"""service.py mounts|command|environment SERVICE: what compose.yaml says of a service, for a machine without containers."""

import pathlib
import shlex
import sys

import yaml

compose = pathlib.Path(__file__).resolve().parent.parent / "compose"
what, name = sys.argv[1:]
service = yaml.safe_load((compose / "compose.yaml").read_text())["services"][name]
if what == "mounts":
    # Of files and directories of the repository: source, then where the program looks for it.
    for volume in service.get("volumes", []):
        source, target = volume.split(":")[:2]
        if source.startswith("."):
            print(compose / source, target, sep="\t")
elif what == "command":
    command = service.get("command", [])
    for word in shlex.split(command) if isinstance(command, str) else command:
        print(word)
elif what == "environment":
    for key, value in service.get("environment", {}).items():
        print(f"{key}={value}")
    for file in service.get("env_file", []):
        print((compose / file).read_text(), end="")
else:
    sys.exit(f"no {what}")
