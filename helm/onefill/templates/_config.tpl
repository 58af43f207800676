{{/*
onefill's configuration, as TOML. Texts are written as JSON, which every TOML reader takes for a basic string.
*/}}

{{- define "onefill.config" -}}
bootstrap = {{ .Values.bootstrap | toJson }}
prefix = {{ .Values.prefix | toJson }}
group = {{ include "onefill.group" . | toJson }}
# In a pod every address is meant: the chart's NetworkPolicy says who may ask.
http = {{ printf "%s:%d" (ternary "[::]" .Values.http.address (eq .Values.http.address "::")) (int64 .Values.http.port) | toJson }}
session_timeout_ms = {{ int64 .Values.config.session_timeout_ms }}
transaction_timeout_ms = {{ int64 .Values.config.transaction_timeout_ms }}
dev = {{ .Values.config.dev }}
log = {{ .Values.config.log | toJson }}
log_format = {{ .Values.config.log_format | toJson }}
{{- with .Values.config.topics }}
[topics]
{{- range $role, $name := . }}
{{ $role }} = {{ $name | toJson }}
{{- end }}
{{- end }}
[checkpoint]
dir = "/var/lib/onefill"
{{- range $key, $value := .Values.config.checkpoint }}
{{ $key }} = {{ int64 $value }}
{{- end }}
{{- range $table := list "decide" "batch" }}
{{- with index $.Values.config $table }}
[{{ $table }}]
{{- range $key, $value := . }}
{{ $key }} = {{ int64 $value }}
{{- end }}
{{- end }}
{{- end }}
[schemas]
{{- range $key, $value := .Values.config.schemas }}
{{- with $value }}
{{ $key }} = {{ . | toJson }}
{{- end }}
{{- end }}
[kafka]
{{- range $name, $value := merge (include "onefill.securitySettings" . | fromYaml) .Values.config.kafka }}
{{ $name | toJson }} = {{ include "onefill.settingText" $value | toJson }}
{{- end }}
{{- end }}

{{/* A number that Helm read as a float is written as it was meant. */}}
{{- define "onefill.settingText" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* What librdkafka is told of TLS and SASL. Secrets are files. */}}
{{- define "onefill.securitySettings" -}}
{{- $security := .Values.security -}}
{{- $keys := $security.keys -}}
security.protocol: {{ $security.protocol }}
{{- if include "onefill.isSasl" . }}
sasl.mechanism: {{ $security.mechanism }}
sasl.password.file: {{ include "onefill.secretFile" $keys.password }}
{{- end }}
{{- if include "onefill.isTls" . }}
{{- with $keys.ca }}
ssl.ca.location: {{ include "onefill.secretFile" . }}
{{- end }}
{{- if $security.clientCertificate }}
ssl.certificate.location: {{ include "onefill.secretFile" $keys.certificate }}
ssl.key.location: {{ include "onefill.secretFile" $keys.privateKey }}
{{- with $keys.privateKeyPassword }}
ssl.key.password.file: {{ include "onefill.secretFile" . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "onefill.secretFile" -}}
/etc/onefill/secret/{{ . }}
{{- end }}
