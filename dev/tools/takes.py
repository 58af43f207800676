"""Reads a rendered chart, and fails unless onefill takes the configuration and the arguments of each container. Writes the
configuration to the file that is named. The program is target/debug/onefill."""

import subprocess, sys
import yaml

objects = [one for one in yaml.safe_load_all(sys.stdin) if one]
maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
config = sys.argv[1]
open(config, "w").write(next(data["onefill.toml"] for name, data in maps.items() if name.endswith("-config")))
pods = [one.get("spec", {}) for one in objects]
pods = [pod.get("template", {}).get("spec", pod) for pod in pods]
containers = [one for pod in pods for one in pod.get("initContainers", []) + pod.get("containers", [])]
tried = set()
for container in containers:
    arguments = [one.replace("/etc/onefill/config/onefill.toml", config) for one in container["args"]]
    assert any(config in one for one in arguments), container["name"]
    # A router waits for brokers as long as it takes: what it is given beyond its configuration is shown by its help.
    ending = ["--help"] if arguments[0] == "run" else ["--bootstrap", "127.0.0.1:1"]
    ended = subprocess.run(["target/debug/onefill", *arguments, *ending], capture_output=True, text=True, timeout=60)
    answer = (0, "Usage: onefill run") if arguments[0] == "run" else (1, "no broker answers")
    said = ended.stdout + ended.stderr
    assert ended.returncode == answer[0] and answer[1] in said, f"{container['name']}: {ended.returncode} {said}"
    tried.add(arguments[0])
assert {"run"} < tried, tried
