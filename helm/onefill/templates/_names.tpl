{{/*
Names and labels. Everything is called after `identity`: neither release nor chart version is part of a name, so that
no upgrade can change who a router is.
*/}}

{{- define "onefill.selector" -}}
app.kubernetes.io/name: onefill
app.kubernetes.io/instance: {{ .Values.identity }}
{{- end }}

{{- define "onefill.labels" -}}
{{ include "onefill.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of pods: nothing that changes with a chart's version alone, which would be a rollout for nothing. */}}
{{- define "onefill.podLabels" -}}
{{ include "onefill.selector" . }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "onefill.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "onefill.serviceAccount" -}}
{{- $account := .Values.serviceAccount -}}
{{- $account.name | default (ternary .Values.identity "default" $account.create) }}
{{- end }}

{{- define "onefill.group" -}}
{{ .Values.group | default (printf "%srouter" .Values.prefix) }}
{{- end }}

{{/* What may never change while a release lives, in one line. */}}
{{- define "onefill.fixed" -}}
identity={{ .Values.identity }} prefix={{ .Values.prefix }} group={{ include "onefill.group" . }} topics={{ .Values.config.topics | toJson }}
{{- end }}

{{- define "onefill.isSasl" -}}
{{- if hasPrefix "SASL_" .Values.security.protocol }}true{{ end }}
{{- end }}

{{- define "onefill.isTls" -}}
{{- if hasSuffix "SSL" .Values.security.protocol }}true{{ end }}
{{- end }}
