"""Values of who may reach what: ingress, network policies, disruptions, monitoring."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from enrichment_platform.kubernetes.chart_model import ChartModel, OptionalName, Port, UserPort

Cidr = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+/[0-9]+$")]


class IngressTls(ChartModel):
    """Encryption of a host."""

    enabled: bool = Field(False, description="On for everything but trials")
    secret_name: OptionalName = Field("", description="Secret with tls.crt and tls.key")


class IngressHost(ChartModel):
    """A host of the Ingress."""

    host: str = Field("", description="Name in the DNS; no rule when empty")
    path: str = Field("/", pattern=r"^/", description="Begins with")
    path_type: Literal["Prefix", "Exact", "ImplementationSpecific"] = Field("Prefix", description="How it is compared")
    tls: IngressTls = Field(IngressTls(), description="Encryption")


class IngressValues(ChartModel):
    """The UI for people. Dagster asks nobody for a password: let the ingress controller do it."""

    enabled: bool = Field(False, description="Make an Ingress")
    ingress_class_name: OptionalName = Field("", description="The cluster's default when empty")
    annotations: dict[str, str] = Field({}, description="Of the Ingress, e.g. of the authentication")
    labels: dict[str, str] = Field({}, description="Of the Ingress")
    dagster_webserver: IngressHost = Field(IngressHost(), description="The webserver")
    read_only_dagster_webserver: IngressHost = Field(IngressHost(), description="The one that changes nothing")


class Selector(ChartModel):
    """Pods or namespaces by their labels; all when empty."""

    match_labels: dict[str, str] = Field({}, description="Labels that they have")


class IpBlock(ChartModel):
    """Addresses."""

    cidr: Cidr = Field(description="Network, e.g. 10.0.0.0/8")
    except_: list[Cidr] | None = Field(None, alias="except", description="Networks in it that do not count")


class Peer(ChartModel):
    """The other side of a connection, as in a NetworkPolicy."""

    pod_selector: Selector | None = Field(None, description="Pods")
    namespace_selector: Selector | None = Field(None, description="Of these namespaces; the release's when absent")
    ip_block: IpBlock | None = Field(None, description="Addresses, alone")


class PolicyPort(ChartModel):
    """A port."""

    port: Port = Field(description="Number")
    protocol: Literal["TCP", "UDP", "SCTP"] = Field("TCP", description="Transport")


class EgressRule(ChartModel):
    """Where one may connect to."""

    to: list[Peer] = Field(min_length=1, description="Whom")
    ports: list[PolicyPort] = Field(min_length=1, description="On which ports")


def _rule(to: list[dict[str, object]], *ports: int) -> EgressRule:
    return EgressRule.model_validate({"to": to, "ports": [{"port": port} for port in ports]})


ANYWHERE: list[dict[str, object]] = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]
DNS = EgressRule.model_validate(
    {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }
)


class NetworkPolicyValues(ChartModel):
    """Nobody talks to anybody but as written here; needs a network plug-in that enforces it."""

    enabled: bool = Field(True, description="Off: everybody may talk to everybody")
    webserver_from: list[Peer] = Field(
        [],
        description="Who may open the UI: the ingress controller's pods; with an Ingress, or a Service other than "
        "ClusterIP, and none: everybody",
    )
    prometheus_from: list[Peer] = Field(
        [
            Peer.model_validate(
                {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
            )
        ],
        description="Who may read metrics, where `monitoring` is on",
    )
    dns: EgressRule = Field(DNS, description="Where names are resolved")
    kubernetes_api: EgressRule = Field(
        _rule(ANYWHERE, 443, 6443), description="The API server; narrow it to its addresses"
    )
    postgresql: list[Peer] = Field(
        [Peer.model_validate(one) for one in ANYWHERE], description="Your PostgreSQL; narrow it to its addresses"
    )
    lake: EgressRule = Field(
        _rule(ANYWHERE, 443),
        description="The object store, of code locations, runs and steps; the port of lake.endpointUrl is added",
    )
    models: EgressRule = Field(
        _rule(ANYWHERE, 443), description="Hosted models, sources and the model hub, of steps and the shared vLLM"
    )
    extra_egress: list[EgressRule] = Field(
        [], description="What code locations, runs and steps reach besides: databases, other ports, cloud identities"
    )


class DisruptionBudgets(ChartModel):
    """What a drain of nodes may take away at once."""

    enabled: bool = Field(True, description="For webservers, daemon, code locations, the shared vLLM")
    max_unavailable: int = Field(1, ge=0, description="Pods of each at once")


class PodMonitorValues(ChartModel):
    """What Prometheus reads; needs the operator's CRDs."""

    enabled: bool = Field(False, description="Make PodMonitors")
    interval: str = Field("15s", pattern=r"^[0-9]+(ms|s|m)$", description="How often")
    labels: dict[str, str] = Field({}, description="By which your Prometheus finds them")


class PrometheusRuleValues(ChartModel):
    """Alerts; need the operator's CRDs."""

    enabled: bool = Field(False, description="Make a PrometheusRule")
    labels: dict[str, str] = Field({}, description="By which your Prometheus finds it")
    spend_ratio: float = Field(0.9, gt=0, le=1, description="Alert when a cap is spent so far")
    retry_ratio: float = Field(0.2, gt=0, le=1, description="Alert when so many of the attempts are retries")
    failed_ratio: float = Field(0.05, gt=0, le=1, description="Alert when so many of the rows end without an answer")
    waiting_requests: int = Field(100, ge=1, description="Alert when so many wait at a vLLM server")
    kv_cache_ratio: float = Field(0.95, gt=0, le=1, description="Alert when the KV cache of a server is so full")


class MonitoringValues(ChartModel):
    """Metrics of steps and servers."""

    metrics_port: UserPort = Field(9464, description="Of steps; open only with PodMonitors")
    pod_monitor: PodMonitorValues = Field(PodMonitorValues(), description="What is read")
    prometheus_rule: PrometheusRuleValues = Field(PrometheusRuleValues(), description="What is told")
