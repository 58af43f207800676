{{/*
What the schema cannot say: values that do not go together. Each guard ends the rendering with a sentence that says what
to change. They are called once, by the StatefulSet.
*/}}

{{- define "onefill.guards" -}}
{{- include "onefill.guardNames" . }}
{{- include "onefill.guardFixed" . }}
{{- include "onefill.guardReplicas" . }}
{{- include "onefill.guardTimes" . }}
{{- include "onefill.guardSecurity" . }}
{{- include "onefill.guardKafka" . }}
{{- include "onefill.guardVariables" . }}
{{- include "onefill.guardSchemas" . }}
{{- include "onefill.guardInit" . }}
{{- include "onefill.guardMetrics" . }}
{{- end }}

{{- define "onefill.guardNames" -}}
{{- range splitList "," .Values.bootstrap }}
{{- if not (regexMatch "^([^:,\\s]+|\\[[0-9A-Fa-f:.]+\\]):[1-9][0-9]{0,4}$" (trim .)) }}
{{- fail (printf "bootstrap has %q, which is no HOST:PORT: name brokers as broker-1:9092,broker-2:9092." .) }}
{{- end }}
{{- end }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$" .Values.identity) }}
{{- fail (printf "identity is %q: choose 1 to 40 lower-case letters, digits and dashes, with a letter first and no dash last; pods are called after it." .Values.identity) }}
{{- end }}
{{- if not (regexMatch "^[-A-Za-z0-9._]{0,200}$" .Values.prefix) }}
{{- fail (printf "prefix is %q, which cannot begin the name of a topic: choose from letters, digits, dots, dashes and underscores." .Values.prefix) }}
{{- end }}
{{- end }}

{{/* Who a router is may not change under its feet: compared with the StatefulSet that this release has now. */}}
{{- define "onefill.guardFixed" -}}
{{- $fixed := include "onefill.fixed" . }}
{{- range (lookup "apps/v1" "StatefulSet" .Release.Namespace "").items }}
{{- $annotations := .metadata.annotations | default dict }}
{{- $is := index $annotations "onefill/fixed" }}
{{- if and $is (eq (index $annotations "meta.helm.sh/release-name" | default "") $.Release.Name) (ne $is $fixed) }}
{{- fail (printf "identity, prefix, group and topics are fixed for the life of a release. It has %s, and these values say %s: give the former values again, or install another release." $is $fixed) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onefill.guardReplicas" -}}
{{- $replicas := int64 .Values.replicas }}
{{- if gt $replicas (int64 .Values.partitions) }}
{{- fail (printf "replicas is %d and partitions is %d, so that routers would be left without a lane, and never get ready: set replicas to at most partitions, and partitions to what the topics have." $replicas (int64 .Values.partitions)) }}
{{- end }}
{{- if and .Values.podDisruptionBudget.enabled (gt $replicas 1) (ge (int64 .Values.podDisruptionBudget.maxUnavailable) $replicas) }}
{{- fail (printf "podDisruptionBudget.maxUnavailable is %d and replicas is %d, so that one drain may end all routers at once: set maxUnavailable below replicas." (int64 .Values.podDisruptionBudget.maxUnavailable) $replicas) }}
{{- end }}
{{- if gt (int64 .Values.update.partition) $replicas }}
{{- fail (printf "update.partition is %d and replicas is %d, so that no pod would ever be updated: set update.partition to replicas - 1 for a canary, or to 0 for all." (int64 .Values.update.partition) $replicas) }}
{{- end }}
{{- end }}

{{- define "onefill.guardTimes" -}}
{{- $transaction := int64 .Values.config.transaction_timeout_ms }}
{{- $session := int64 .Values.config.session_timeout_ms }}
{{- $grace := int64 .Values.terminationGracePeriodSeconds }}
{{- $graceLeast := add (div (add $transaction 999) 1000) 20 }}
{{- if lt $grace $graceLeast }}
{{- fail (printf "terminationGracePeriodSeconds is %d, and a router may need %d s to end in order: its transaction timeout (config.transaction_timeout_ms is %d) and 20 s. Raise it to %d, or shorten the transaction timeout." $grace $graceLeast $transaction $graceLeast) }}
{{- end }}
{{- if lt $session 6000 }}
{{- fail (printf "config.session_timeout_ms is %d, and brokers refuse less than 6000 unless told otherwise: set it to 6000 at least." $session) }}
{{- end }}
{{- $sessionLeast := add $transaction 10000 }}
{{- if lt $session $sessionLeast }}
{{- fail (printf "config.session_timeout_ms is %d, and a pod that is replaced may be away for %d ms: its transaction timeout (config.transaction_timeout_ms is %d) and 10 s to start. Each rollout would move its lanes. Raise it to %d at least, or shorten the transaction timeout." $session $sessionLeast $transaction $sessionLeast) }}
{{- end }}
{{- with index .Values.config.kafka "heartbeat.interval.ms" }}
{{- if gt (mul (int64 .) 3) $session }}
{{- fail (printf "config.kafka has heartbeat.interval.ms = %d, and config.session_timeout_ms is %d: set it to a third of the session timeout at most, so that one lost heartbeat ends no session." (int64 .) $session) }}
{{- end }}
{{- end }}
{{- with index .Values.config.kafka "max.poll.interval.ms" }}
{{- if lt (int64 .) $session }}
{{- fail (printf "config.kafka has max.poll.interval.ms = %d, which is below config.session_timeout_ms = %d, and librdkafka refuses that: raise it, or leave it out." (int64 .) $session) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onefill.guardSecurity" -}}
{{- $security := .Values.security }}
{{- if and (ne $security.protocol "PLAINTEXT") (not .Values.secret) }}
{{- fail (printf "security.protocol is %s, which needs a Secret: name it in secret." $security.protocol) }}
{{- end }}
{{- if and $security.clientCertificate (not (include "onefill.isTls" .)) }}
{{- fail (printf "security.clientCertificate is set, and security.protocol is %s, which shows none: set the protocol to SSL or SASL_SSL." $security.protocol) }}
{{- end }}
{{- if and $security.username (not (include "onefill.isSasl" .)) }}
{{- fail (printf "security.username is set, and security.protocol is %s, which knows no users: set the protocol to SASL_SSL, or leave the user out." $security.protocol) }}
{{- end }}
{{- end }}

{{- define "onefill.guardKafka" -}}
{{- $refused := .Files.Get "files/refused.yaml" | fromYaml }}
{{- $security := include "onefill.securitySettings" . | fromYaml }}
{{- range $name, $_ := .Values.config.kafka }}
{{- range $beginning, $reason := $refused }}
{{- if or (eq $name $beginning) (and (hasSuffix "." $beginning) (hasPrefix $beginning $name)) }}
{{- fail (printf "config.kafka has %s, which onefill refuses: %s. Take it out." $name $reason) }}
{{- end }}
{{- end }}
{{- if or (hasPrefix "security.protocol" $name) (hasPrefix "sasl." $name) (regexMatch "^ssl\\.(ca|certificate|key|keystore)\\." $name) }}
{{- fail (printf "config.kafka has %s: say under security what onefill shows brokers, and keep secrets in the Secret." $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onefill.guardVariables" -}}
{{- range .Values.extraEnv }}
{{- if hasPrefix "ONEFILL_" .name }}
{{- fail (printf "extraEnv has %s, which would override what these values were checked with: set its key under config instead." .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onefill.guardSchemas" -}}
{{- $schemas := .Values.config.schemas }}
{{- if and (eq $schemas.output "confluent") (not $schemas.registry) }}
{{- fail "config.schemas.output is confluent, and config.schemas.registry names no registry, so that no router would start: name one." }}
{{- end }}
{{- if and $schemas.registry_auth_file (not $schemas.registry) }}
{{- fail "config.schemas.registry_auth_file is set, and config.schemas.registry names no registry to show it to: name one." }}
{{- end }}
{{- end }}

{{- define "onefill.guardInit" -}}
{{- if and .Values.init.enabled (lt (int64 .Values.init.replication) 3) (not .Values.config.dev) }}
{{- fail (printf "init.replication is %d, and onefill wants 3 replicas where money is at stake: set it to 3, or config.dev to true for a cluster of one broker." (int64 .Values.init.replication)) }}
{{- end }}
{{- end }}

{{- define "onefill.guardMetrics" -}}
{{- if and .Values.metrics.podMonitor.enabled .Values.metrics.serviceMonitor.enabled }}
{{- fail "metrics.podMonitor and metrics.serviceMonitor are both enabled, and everything would be counted twice: leave one of them out." }}
{{- end }}
{{- end }}
