"""Checks rendered manifests: verify.py NAME=FILE…, a file of each overlay.

Validates every resource strictly, against the newest Kubernetes schemas or the CRDs in ESQUEMAS_EXTERNOS/crds, then by rules of our
own. Exits 1 if any fails. The other rules for pods are checkov's: security contexts, limits, image tags.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

import jsonschema
import kubernetes_validate
import services
import yaml
from services import ROOT, SERVICES

NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
# Secrets that the platform makes; README.md lists them.
PLATFORM_SECRETS = {"copias-s3": {"ACCESS_KEY_ID", "ACCESS_SECRET_KEY"}}
# The ports of the operators' pods.
RABBITMQ_PORTS = {4369, 5671, 5672, 15671, 15672, 15691, 15692, 25672}
POSTGRES_PORTS = {5432, 8000, 9187}
ROUTES = {
    "/v1/lancamentos": "lancamentos", "/problemas": "lancamentos", "/docs": "lancamentos", "/esquemas": "lancamentos",
    "/v1/consolidados": "consolidado", "/v1/contas": "consolidado", "/painel": "consolidado",
}


def closed(**members):
    """The schema of an object that has these members and no other."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def listed(schema):
    return {"type": "array", "items": schema, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
# Of the Gateway API, whose CRDs are not needed for this: the members that are used here.
OWN_SCHEMAS = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): closed(
        apiVersion=TEXT, kind=TEXT, metadata={"type": "object"},
        spec=closed(
            parentRefs=listed(closed(name=TEXT, namespace=TEXT, sectionName=TEXT)), hostnames=listed(TEXT),
            rules=listed(
                closed(
                    matches=listed(closed(path=closed(type={"const": "PathPrefix"}, value=TEXT))),
                    backendRefs=listed(closed(name=TEXT, port={"type": "integer"})),
                    timeouts=closed(request={"type": "string", "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}))))),
}
# Seconds until a process exits after its running work was cancelled (ServiceRunner).
AFTER_CANCELLATION_S = 5


# Schemas


def strict(schema):
    """A CRD's schema that also refuses members which an API server would silently drop."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    found = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties"):
            found[key] = {name: strict(item) for name, item in value.items()}
        elif key in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
            found[key] = strict(value)
        elif key != "format":
            found[key] = value
    closed = "properties" in found and "additionalProperties" not in found
    if closed and not schema.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    if schema.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


def crd_schemas(folder):
    schemas = {}
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        for crd in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if not crd or crd.get("kind") != "CustomResourceDefinition":
                continue
            for version in crd["spec"]["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                # Every resource has these, whether its CRD says so or not.
                schema.setdefault("properties", {}).update(
                    apiVersion={"type": "string"}, kind={"type": "string"}, metadata={"type": "object"})
                schemas[f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]] = schema
    return schemas


def crd_faults(schema, document):
    """One line for each fault; of several alternatives the nearest one."""
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        cause = jsonschema.exceptions.best_match([error])
        yield f"{'.'.join(str(part) for part in cause.absolute_path) or 'the resource'}: {cause.message[:300]}"


# The services' configuration


def configuration_keys():
    """The keys of both services by their variables: one environment may serve both."""
    return {key["environment"]: key for service in SERVICES for key in services.describe(service)["keys"]}


# The rendered manifests


class Pod:
    """The pods of a resource: their labels and ports, by name where they have one."""

    def __init__(self, owner, labels, ports, names=None, spec=None):
        self.owner, self.labels, self.ports, self.names, self.spec = owner, labels, ports, names or {}, spec


class Overlay:
    def __init__(self, name, path, schemas, keys):
        self.name, self.schemas, self.keys, self.faults = name, schemas, keys, []
        self.documents = [d for d in yaml.safe_load_all(pathlib.Path(path).read_text(encoding="utf-8")) if d]
        self.pods = list(self.all_pods())

    def fault(self, where, text):
        self.faults.append(f"{self.name}: {where}: {text}")

    def of(self, *kinds):
        return [d for d in self.documents if d["kind"] in kinds]

    def named(self, kind, name):
        return next((d for d in self.of(kind) if d["metadata"]["name"] == name), None)

    def all_pods(self):
        for workload in self.of("Deployment", "StatefulSet", "DaemonSet", "Job"):
            template = workload["spec"]["template"]
            ports = [port for c in template["spec"]["containers"] for port in c.get("ports", [])]
            yield Pod(
                label(workload), template["metadata"].get("labels", {}), {port["containerPort"] for port in ports},
                {port["name"]: port["containerPort"] for port in ports if "name" in port}, template["spec"])
        for cluster in self.of("RabbitmqCluster"):
            labels = {NAME: cluster["metadata"]["name"], COMPONENT: "rabbitmq", "app.kubernetes.io/part-of": "rabbitmq"}
            yield Pod(label(cluster), labels, RABBITMQ_PORTS)
        for cluster in self.of("Cluster"):
            yield Pod(label(cluster), {"cnpg.io/cluster": cluster["metadata"]["name"]}, POSTGRES_PORTS, {"metrics": 9187})

    def selected(self, selector):
        return [pod for pod in self.pods if matches(selector, pod.labels)]

    # Rules

    def run(self):
        unknown = self.validate()
        if self.faults:
            # The rules rely on the form that the schemas check.
            return unknown
        for rule in (
            self.check_metadata, self.check_services, self.check_pods, self.check_lifecycle, self.check_configuration,
            self.check_secrets, self.check_references, self.check_disruption, self.check_scaling, self.check_ingress,
            self.check_gateway, self.check_network, self.check_monitors, self.check_broker,
        ):
            rule()
        return unknown

    def validate(self):
        """Returns the kinds for which there was no schema."""
        unknown = set()
        for document in self.documents:
            kind = (document["apiVersion"], document["kind"])
            if kind in self.schemas or kind in OWN_SCHEMAS:
                for text in crd_faults(self.schemas.get(kind) or OWN_SCHEMAS[kind], document):
                    self.fault(label(document), text)
                continue
            try:
                kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
            except kubernetes_validate.SchemaNotFoundError:
                unknown.add(f"{document['kind']} ({document['apiVersion']})")
                if self.schemas:
                    self.fault(label(document), "neither Kubernetes nor a CRD has this kind")
            except kubernetes_validate.ValidationError as error:
                self.fault(label(document), f"{'.'.join(str(p) for p in error.path)}: {error.message[:300]}")
        return unknown

    def check_metadata(self):
        namespaces = {d["metadata"].get("namespace") for d in self.documents if d["kind"] != "Namespace"}
        if len(namespaces) != 1 or None in namespaces:
            self.fault("namespaces", f"one namespace is expected: {namespaces}")
        for document in self.documents:
            labels = document["metadata"].get("labels", {})
            if labels.get("app.kubernetes.io/part-of") != "fluxo-caixa":
                self.fault(label(document), "the label app.kubernetes.io/part-of: fluxo-caixa is missing")
            if document["kind"] in ("Deployment", "StatefulSet", "Job", "Service") and not {NAME, COMPONENT} <= set(labels):
                self.fault(label(document), f"the labels {NAME} and {COMPONENT} are missing")
        for namespace in self.of("Namespace"):
            if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
                self.fault(label(namespace), "Pod Security is not enforced as restricted")
            self.check_namespace_in_names(namespace["metadata"]["name"])

    def check_namespace_in_names(self, namespace):
        """kustomize moves resources to another namespace, but not names inside them."""
        for certificate in self.of("Certificate"):
            for name in certificate["spec"].get("dnsNames", []):
                found = re.fullmatch(r"(?:\*\.)?rabbitmq(?:-nodes)?\.([^.]+)(\..*)?", name)
                if found and found[1] != namespace:
                    self.fault(label(certificate), f"{name} is a name of another namespace than {namespace}")
        for scaled in self.of("ScaledObject"):
            for trigger in scaled["spec"]["triggers"]:
                host = urllib.parse.urlsplit(trigger["metadata"].get("host", "")).hostname
                if host and host.split(".")[1:2] != [namespace]:
                    self.fault(label(scaled), f"{host} is not in the namespace {namespace}")

    def check_services(self):
        for service in self.of("Service"):
            name = service["metadata"]["name"]
            if name.startswith("fluxo"):
                self.fault(label(service), "Kubernetes would make FLUXO_… variables of this name, which the services refuse")
            pods = self.selected({"matchLabels": service["spec"].get("selector") or {"": ""}})
            if not pods:
                self.fault(label(service), "its selector matches no pod")
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                for pod in pods:
                    if target not in pod.names and target not in pod.ports:
                        self.fault(label(service), f"{pod.owner} has no port {target}")

    def check_pods(self):
        """What checkov does not check."""
        for pod in self.pods:
            if pod.spec is None:
                continue
            if pod.spec.get("enableServiceLinks") is not False:
                self.fault(pod.owner, "enableServiceLinks has to be false")
            if pod.spec.get("securityContext", {}).get("runAsNonRoot") is not True:
                self.fault(pod.owner, "runAsNonRoot is missing")
            for container in containers(pod.spec):
                if not {"cpu", "memory"} <= set(container.get("resources", {}).get("requests", {})):
                    self.fault(f"{pod.owner}: {container['name']}", "requests of cpu and memory are missing")
            for volume in pod.spec.get("volumes", []):
                if "hostPath" in volume:
                    self.fault(pod.owner, f"the volume {volume['name']} is a folder of the node")
        for cluster in self.of("RabbitmqCluster"):
            self.check_rabbitmq_pods(cluster)

    def check_rabbitmq_pods(self, cluster):
        """What Pod Security restricted requires and the operator leaves out."""
        spec = cluster["spec"].get("override", {}).get("statefulSet", {}).get("spec", {}).get("template", {}).get("spec", {})
        if spec.get("securityContext", {}).get("seccompProfile", {}).get("type") != "RuntimeDefault":
            self.fault(label(cluster), "the override of the StatefulSet lacks seccompProfile RuntimeDefault")
        for kind, name in (("initContainers", "setup-container"), ("containers", "rabbitmq")):
            context = next((c.get("securityContext", {}) for c in spec.get(kind, []) if c["name"] == name), {})
            if context.get("allowPrivilegeEscalation") is not False or context.get("capabilities") != {"drop": ["ALL"]}:
                self.fault(label(cluster), f"the override of {name} is not what Pod Security restricted requires")

    def check_lifecycle(self):
        for service in SERVICES:
            deployment = self.named("Deployment", service)
            if deployment is None:
                self.fault(service, "there is no such Deployment")
                continue
            spec = deployment["spec"]["template"]["spec"]
            container = spec["containers"][0]
            for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
                if container.get(probe, {}).get("httpGet", {}).get("path") != path:
                    self.fault(label(deployment), f"the {probe} has to ask {path}")
            pause_s = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            drain_s = int(self.environment(container).get("FLUXO_ENCERRAMENTO_MAX_S", self.keys["FLUXO_ENCERRAMENTO_MAX_S"]["default"]))
            needed_s = pause_s + drain_s + AFTER_CANCELLATION_S
            if pause_s < 1 or spec.get("terminationGracePeriodSeconds", 30) <= needed_s:
                self.fault(label(deployment), f"a preStop pause and more than {needed_s} s of grace are needed")
            init = spec.get("initContainers", [])
            if [c.get("args") for c in init] != [["migrate"]] or init[0]["image"] != container["image"]:
                self.fault(label(deployment), "one initContainer of the same image has to migrate")

    def environment(self, container):
        """A container's variables and their plain values; None where the value is in a Secret."""
        found = {}
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                config = self.named("ConfigMap", source["configMapRef"]["name"]) or {}
                found.update(config.get("data", {}))
        for variable in container.get("env", []):
            found[variable["name"]] = variable.get("value")
        return found

    def check_configuration(self):
        secrets = {name for name, key in self.keys.items() if key["secret"]}
        files = {f"{name}_FILE" for name in secrets}
        for pod in self.pods:
            for container in containers(pod.spec) if pod.spec else []:
                where = f"{pod.owner}: {container['name']}"
                environment = self.environment(container)
                for name, value in environment.items():
                    if name.startswith("FLUXO_") and name not in self.keys and name not in files:
                        self.fault(where, f"the services do not know {name}")
                    if name in secrets or (value and re.search(r"://[^/@\s]+:[^/@\s]+@", value)):
                        self.fault(where, f"{name} is a secret and has to come from a file")
                    if name in files and not self.mounted(pod.spec, container, value):
                        self.fault(where, f"{name}: nothing of a Secret is mounted at {value}")
                for service in SERVICES:
                    if pod.owner == f"Deployment {service}" and f"FLUXO_{service.upper()}_BANCO_URL_FILE" not in environment:
                        self.fault(where, "it has no database URL")

    def mounted(self, spec, container, path):
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            secret = volumes.get(mount["name"], {}).get("secret")
            folder, _, file = (path or "").rpartition("/")
            if secret and mount["mountPath"] == folder:
                rendered = self.named("Secret", secret["secretName"])
                keys = {item["path"] for item in secret.get("items", [])} or set((rendered or {}).get("data", {}))
                return file in keys
        return False

    def secret_references(self):
        """(where, name, keys, optional) of every Secret that is read."""
        for pod in self.pods:
            for volume in pod.spec.get("volumes", []) if pod.spec else []:
                sources = [volume["secret"]] if "secret" in volume else []
                sources += [s["secret"] for s in volume.get("projected", {}).get("sources", []) if "secret" in s]
                for secret in sources:
                    keys = {item["key"] for item in secret.get("items", [])}
                    yield pod.owner, secret.get("secretName") or secret["name"], keys, secret.get("optional", False)
            for container in containers(pod.spec) if pod.spec else []:
                for variable in container.get("env", []):
                    reference = variable.get("valueFrom", {}).get("secretKeyRef")
                    if reference:
                        yield pod.owner, reference["name"], {reference["key"]}, reference.get("optional", False)
        for cluster in self.of("Cluster"):
            initdb = cluster["spec"]["bootstrap"]["initdb"]
            yield label(cluster), initdb["secret"]["name"], {"username", "password"}, False
            for role in cluster["spec"].get("managed", {}).get("roles", []):
                yield label(cluster), role["passwordSecret"]["name"], {"username", "password"}, False
        for authentication in self.of("TriggerAuthentication"):
            for target in authentication["spec"]["secretTargetRef"]:
                yield label(authentication), target["name"], {target["key"]}, False
        for store in self.of("ObjectStore"):
            for reference in store["spec"]["configuration"].get("s3Credentials", {}).values():
                yield label(store), reference["name"], {reference["key"]}, False
        for cluster in self.of("RabbitmqCluster"):
            yield label(cluster), cluster["spec"]["tls"]["secretName"], {"tls.crt", "tls.key"}, False
        for ingress in self.of("Ingress"):
            for tls in ingress["spec"].get("tls", []):
                yield label(ingress), tls["secretName"], {"tls.crt", "tls.key"}, False

    def secrets_at_hand(self):
        found = {d["metadata"]["name"]: set(d.get("data", {})) for d in self.of("Secret")}
        if found:
            return found
        made = subprocess.run([ROOT / "deploy/kubernetes/segredos", "producao"], check=True, capture_output=True, text=True)
        found = {d["metadata"]["name"]: set(d["stringData"]) for d in yaml.safe_load_all(made.stdout) if d}
        found.update(PLATFORM_SECRETS)
        for certificate in self.of("Certificate"):
            found[certificate["spec"]["secretName"]] = {"tls.crt", "tls.key", "ca.crt"}
        for cluster in self.of("Cluster"):
            found[f"{cluster['metadata']['name']}-ca"] = {"ca.crt", "ca.key"}
        for cluster in self.of("RabbitmqCluster"):
            found[f"{cluster['metadata']['name']}-default-user"] = {"username", "password", "host", "port"}
        return found

    def check_secrets(self):
        at_hand = self.secrets_at_hand()
        if self.of("RabbitmqCluster") and self.of("Secret"):
            self.fault("Secrets", "this overlay must have none")
        for where, name, keys, optional in self.secret_references():
            if name not in at_hand:
                if not optional:
                    self.fault(where, f"nothing makes the Secret {name}")
            elif not keys <= at_hand[name]:
                self.fault(where, f"the Secret {name} has no {', '.join(sorted(keys - at_hand[name]))}")
        for config in self.of("ConfigMap"):
            for key, value in config.get("data", {}).items():
                if re.search(r"://[^/@\s:{]+:[^/@\s{]+@", value):
                    self.fault(label(config), f"{key} holds a password")

    def check_references(self):
        for pod in self.pods:
            if pod.spec is None:
                for reference in self.cluster_configmaps():
                    if self.named("ConfigMap", reference["name"]) is None:
                        self.fault("Clusters", f"there is no ConfigMap {reference['name']}")
                continue
            account = pod.spec.get("serviceAccountName")
            if account and self.named("ServiceAccount", account) is None:
                self.fault(pod.owner, f"there is no ServiceAccount {account}")
            wanted = [v["configMap"]["name"] for v in pod.spec.get("volumes", []) if "configMap" in v]
            for container in containers(pod.spec):
                wanted += [s["configMapRef"]["name"] for s in container.get("envFrom", []) if "configMapRef" in s]
                known = {v["name"] for v in pod.spec.get("volumes", [])}
                for mount in container.get("volumeMounts", []):
                    if mount["name"] not in known:
                        self.fault(pod.owner, f"there is no volume {mount['name']}")
            for name in wanted:
                if self.named("ConfigMap", name) is None:
                    self.fault(pod.owner, f"there is no ConfigMap {name}")
        for workload in self.of("Deployment", "StatefulSet"):
            if not matches(workload["spec"]["selector"], workload["spec"]["template"]["metadata"].get("labels", {})):
                self.fault(label(workload), "its selector does not match its own pods")
            for spread in workload["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
                if not matches(spread["labelSelector"], workload["spec"]["template"]["metadata"].get("labels", {})):
                    self.fault(label(workload), "its topology spread counts other pods than its own")

    def cluster_configmaps(self):
        for cluster in self.of("Cluster"):
            yield from cluster["spec"]["bootstrap"]["initdb"].get("postInitApplicationSQLRefs", {}).get("configMapRefs", [])

    def check_disruption(self):
        covered = set()
        for budget in self.of("PodDisruptionBudget"):
            pods = self.selected(budget["spec"]["selector"])
            if len(pods) != 1:
                self.fault(label(budget), f"its selector matches the pods of {len(pods)} resources instead of one")
            covered.update(pod.owner for pod in pods)
        for service in SERVICES:
            if f"Deployment {service}" not in covered:
                self.fault(f"Deployment {service}", "it has no PodDisruptionBudget")

    def check_scaling(self):
        targets = {}
        for scaler in self.of("HorizontalPodAutoscaler", "ScaledObject"):
            target = scaler["spec"]["scaleTargetRef"]
            found = self.named(target.get("kind", "Deployment"), target["name"])
            if found is None:
                self.fault(label(scaler), f"there is no {target.get('kind', 'Deployment')} {target['name']}")
            elif "replicas" in found["spec"]:
                self.fault(label(found), "replicas would undo the autoscaler's decision at each apply")
            if target["name"] in targets:
                self.fault(label(scaler), f"{target['name']} has another autoscaler, {targets[target['name']]}")
            targets[target["name"]] = label(scaler)
            if scaler["spec"].get("minReplicas", scaler["spec"].get("minReplicaCount", 0)) < 2:
                self.fault(label(scaler), "at least two pods have to run")
        for scaled in self.of("ScaledObject"):
            triggers = {trigger["type"]: trigger for trigger in scaled["spec"]["triggers"]}
            if not {"rabbitmq", "cpu"} <= set(triggers):
                self.fault(label(scaled), "it has to scale on the queue and on CPU")
                continue
            queue = triggers["rabbitmq"]
            known = {q["name"] for q in self.definitions()["queues"]}
            if queue["metadata"].get("queueName") not in known or queue["metadata"].get("protocol") != "http":
                self.fault(label(scaled), "it has to ask the management API for a queue of the definitions")
            authentication = queue.get("authenticationRef", {}).get("name")
            if self.named("TriggerAuthentication", authentication) is None:
                self.fault(label(scaled), f"there is no TriggerAuthentication {authentication}")

    def definitions(self):
        config = next((c for c in self.of("ConfigMap") if "definitions.json" in c.get("data", {})), None)
        return json.loads(config["data"]["definitions.json"]) if config else {"queues": []}

    def check_broker(self):
        config = next((c for c in self.of("ConfigMap") if "integradores.json" in c.get("data", {})), None)
        if config is None:
            self.fault("rabbitmq-import", "no ConfigMap brings integradores.json")
            return
        at_hand = self.secrets_at_hand()
        for name in json.loads(config["data"]["integradores.json"]):
            if self.of("Secret") and not any(f"senha.{name}" in keys for keys in at_hand.values()):
                self.fault(label(config), f"the integrator {name} has no password")
        for cluster in self.of("RabbitmqCluster"):
            settings = cluster["spec"]["rabbitmq"]["additionalConfig"]
            for setting in ("enabled = true", "target_group_size = 3"):
                if f"quorum_queue.continuous_membership_reconciliation.{setting}" not in settings:
                    self.fault(label(cluster), f"continuous membership reconciliation lacks {setting}")

    def public_hosts(self):
        return {
            urllib.parse.urlsplit(c["data"]["FLUXO_URL_PUBLICA"]).hostname
            for c in self.of("ConfigMap") if "FLUXO_URL_PUBLICA" in c.get("data", {})
        }

    def check_gateway(self):
        for route in self.of("HTTPRoute"):
            if set(route["spec"]["hostnames"]) != self.public_hosts():
                self.fault(label(route), f"the hosts {route['spec']['hostnames']} are not that of FLUXO_URL_PUBLICA")
            if self.of("Ingress"):
                self.fault(label(route), "an Ingress routes the same host")
            routes = {}
            for rule in route["spec"]["rules"]:
                for backend in rule["backendRefs"]:
                    service = self.named("Service", backend["name"])
                    ports = [p["port"] for p in service["spec"]["ports"]] if service else []
                    if backend["port"] not in ports:
                        self.fault(label(route), f"{backend['name']}:{backend['port']} is no port of a Service")
                    routes |= {match["path"]["value"]: backend["name"] for match in rule["matches"]}
                if rule["timeouts"]["request"] != "0s":
                    self.fault(label(route), "a total time would end lotes, extracts and streams")
            if routes != ROUTES:
                self.fault(label(route), f"these paths differ from the expected ones: {sorted(set(routes.items()) ^ set(ROUTES.items()))}")

    def check_ingress(self):
        public = self.public_hosts()
        for ingress in self.of("Ingress"):
            routes = {}
            for rule in ingress["spec"]["rules"]:
                if rule.get("host") not in public:
                    self.fault(label(ingress), f"the host {rule.get('host')} is not that of FLUXO_URL_PUBLICA")
                for path in rule["http"]["paths"]:
                    backend = path["backend"]["service"]
                    service = self.named("Service", backend["name"])
                    ports = [p["name"] for p in service["spec"]["ports"]] if service else []
                    if backend["port"].get("name") not in ports:
                        self.fault(label(ingress), f"{path['path']} leads to no port of a Service")
                    if path["pathType"] != "Prefix":
                        self.fault(label(ingress), f"{path['path']} is no prefix")
                    routes[path["path"]] = backend["name"]
            if "defaultBackend" in ingress["spec"]:
                self.fault(label(ingress), "a default backend would route /metrics too")
            if routes != ROUTES:
                self.fault(label(ingress), f"these paths differ from the expected ones: {sorted(set(routes.items()) ^ set(ROUTES.items()))}")
            hosts = {host for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]}
            if hosts != {rule.get("host") for rule in ingress["spec"]["rules"]}:
                self.fault(label(ingress), "TLS and rules name different hosts")

    def check_network(self):
        policies = self.of("NetworkPolicy")
        if not any(
            p["spec"]["podSelector"] == {} and sorted(p["spec"]["policyTypes"]) == ["Egress", "Ingress"]
            and not p["spec"].get("ingress") and not p["spec"].get("egress") for p in policies
        ):
            self.fault("NetworkPolicies", "none denies everything by default")
        allowed = {"ingress": set(), "egress": set()}
        for policy in policies:
            spec = policy["spec"]
            pods = self.selected(spec["podSelector"])
            if not pods:
                self.fault(label(policy), "its selector matches no pod")
            for direction, key in (("ingress", "from"), ("egress", "to")):
                if direction in spec and direction.capitalize() not in spec["policyTypes"]:
                    self.fault(label(policy), f"its {direction} has no effect: policyTypes lacks it")
                for rule in spec.get(direction, []):
                    self.check_rule(policy, pods, direction, rule, rule.get(key, []), allowed[direction])
        for source, target, port in sorted(allowed["egress"] ^ allowed["ingress"]):
            side = "ingress" if (source, target, port) in allowed["egress"] else "egress"
            self.fault("NetworkPolicies", f"{source} -> {target}:{port} is allowed on one side only ({side} is missing)")
        for service in SERVICES:
            ports = {port for source, _, port in allowed["egress"] if source == f"Deployment {service}"}
            if not ports & {5432} or not ports & {5671, 5672}:
                self.fault(f"Deployment {service}", "it may not reach a database and a broker")

    def check_rule(self, policy, pods, direction, rule, peers, allowed):
        if not rule.get("ports"):
            self.fault(label(policy), f"a rule of its {direction} opens every port")
        for peer in peers:
            if "podSelector" not in peer or "namespaceSelector" in peer:
                continue
            others = self.selected(peer["podSelector"])
            if not others:
                self.fault(label(policy), f"a peer of its {direction} matches no pod: {peer['podSelector']}")
            for one in pods:
                for other in others:
                    source, target = (other, one) if direction == "ingress" else (one, other)
                    for port in rule.get("ports", []):
                        allowed.add((source.owner, target.owner, target.names.get(port["port"], port["port"])))
        if direction == "ingress":
            for pod in pods:
                for port in rule.get("ports", []):
                    if port["port"] not in pod.names and port["port"] not in pod.ports:
                        self.fault(label(policy), f"{pod.owner} does not listen on {port['port']}")

    def check_monitors(self):
        services = [(d["metadata"]["labels"], {p["name"] for p in d["spec"]["ports"]}) for d in self.of("Service")]
        for cluster in self.of("RabbitmqCluster"):
            labels = {NAME: cluster["metadata"]["name"], COMPONENT: "rabbitmq"}
            services.append((labels, {"amqps", "management", "management-tls", "prometheus", "prometheus-tls"}))
        for monitor in self.of("ServiceMonitor"):
            found = [ports for labels, ports in services if matches(monitor["spec"]["selector"], labels)]
            if not found:
                self.fault(label(monitor), "its selector matches no Service")
            for endpoint in monitor["spec"]["endpoints"]:
                if not all(endpoint["port"] in ports for ports in found):
                    self.fault(label(monitor), f"a Service has no port {endpoint['port']}")
        for monitor in self.of("PodMonitor"):
            found = self.selected(monitor["spec"]["selector"])
            if not found:
                self.fault(label(monitor), "its selector matches no pod")
            for endpoint in monitor["spec"]["podMetricsEndpoints"]:
                if not all(endpoint["port"] in pod.names for pod in found):
                    self.fault(label(monitor), f"a pod has no port {endpoint['port']}")


def label(document):
    return f"{document['kind']} {document['metadata']['name']}"


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


def matches(selector, labels):
    """Whether a label selector matches; an empty one matches everything."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[expression["operator"]]
        if not holds:
            return False
    return True


def main():
    external = os.environ.get("ESQUEMAS_EXTERNOS")
    schemas = crd_schemas(pathlib.Path(external) / "crds") if external else {}
    if external and not schemas:
        raise SystemExit(f"error: there are no CRDs in {external}/crds")
    faults, keys = [], configuration_keys()
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        overlay = Overlay(name, path, schemas, keys)
        unknown = overlay.run()
        faults += overlay.faults
        print(f"{name}: {len(overlay.documents)} resources, Kubernetes {kubernetes_validate.latest_version()}, {len(overlay.faults)} faults")
        if unknown and not external:
            print(f"{name}: LEFT OUT, because ESQUEMAS_EXTERNOS is not set: the schemas of {', '.join(sorted(unknown))}")
    for fault in faults:
        print(f"  {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
