"""Fails unless the services of compose.yaml fit each other, and the files that they are given."""

import pathlib
import urllib.parse
import yaml


def read(file):
    return yaml.safe_load(pathlib.Path(file).read_text())


services = read("compose.yaml")["services"]
scraped = read("dev/compose/prometheus.yml")["scrape_configs"]
provisioned = [read(file) for file in pathlib.Path("dev/compose/grafana").glob("*/*.yaml")]
sources = [one for file in provisioned for one in file.get("datasources", ())]
boards = [one for file in provisioned for one in file.get("providers", ())]
assert sources and boards and all(file["apiVersion"] == 1 for file in provisioned), "dev/compose/grafana"

# What is not built here is asked for by its full name: podman knows no registry of its own.
built = {service["image"] for service in services.values() if "build" in service}

for name, service in services.items():
    mounts = [mount.split(":") for mount in service.get("volumes", ())]
    build = service.get("build", {})
    files = [mount[0] for mount in mounts] + ([build["dockerfile"]] if build else [])
    absent = [file for file in files if not pathlib.Path(file).exists()]
    assert not absent, f"compose.yaml: {name} has no {absent}"
    assert set(service.get("depends_on", ())) <= set(services), f"compose.yaml: {name} depends on what is not there"
    assert service["image"] in built or "." in service["image"].split("/")[0], f"compose.yaml: {name} names no registry"
    # Without it, podman kills at once what runs on.
    assert "ports" not in service or "stop_grace_period" in service, f"compose.yaml: {name} is given no time to end"
    # Where SELinux rules, a container cannot read what is not labelled for it.
    shown = "label=disable" in service.get("security_opt", ())
    assert shown or not mounts, f"compose.yaml: {name} could not read {mounts}"

# Grafana complains of each folder of its image that another hides.
seen = {mount.split(":")[1] for mount in services["grafana"]["volumes"]}
wanted = {"/etc/grafana/provisioning/datasources", "/etc/grafana/provisioning/dashboards"}
wanted |= {one["options"]["path"] for one in boards}
assert seen == wanted, f"compose.yaml: grafana has {seen}, and needs {wanted}"

# Who asks another does so by the name of its service, at a port that is known.
asked = [target for job in scraped for one in job["static_configs"] for target in one["targets"]]
asked += [urllib.parse.urlsplit(one["url"]).netloc for one in sources]
served = {f"{name}:{port.split(':')[-1]}" for name, service in services.items() for port in service.get("ports", ())}
assert asked and set(asked) <= served, f"compose.yaml: {asked} are asked, {served} answer"
http = services["router"]["environment"]["ONEFILL_HTTP"].split(":")[1]
assert f"router:{http}" in served, f"compose.yaml: the router serves at {http}, and {served} are published"
