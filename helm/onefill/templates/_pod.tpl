{{/*
What the pods of this chart share: the router's, that of `onefill init` and that of `helm test`. Each is called with
`root`, and `secret` where a pod has one of its own.
*/}}

{{- define "onefill.env" -}}
{{- $root := .root -}}
{{- $security := $root.Values.security -}}
{{- if include "onefill.isSasl" $root }}
- name: ONEFILL_KAFKA_SASL_USERNAME
  {{- if $security.username }}
  value: {{ $security.username | quote }}
  {{- else }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | default $root.Values.secret }}
      key: {{ $security.keys.username }}
  {{- end }}
{{- end }}
{{- with $root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "onefill.mounts" -}}
- name: config
  mountPath: /etc/onefill/config
  readOnly: true
{{- if ne .root.Values.security.protocol "PLAINTEXT" }}
- name: secret
  mountPath: /etc/onefill/secret
  readOnly: true
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The keys that are needed, and no others, so that a missing one is named before anything starts. */}}
{{- define "onefill.volumes" -}}
{{- $root := .root -}}
{{- $security := $root.Values.security -}}
{{- $secret := .secret | default $root.Values.secret -}}
- name: config
  {{- if .revision }}
  # The pod's own: another revision that cannot work must not change what a pod of this one reads when it starts again.
  downwardAPI:
    items:
      - path: onefill.toml
        fieldRef: {fieldPath: "metadata.annotations['onefill/config']"}
  {{- else }}
  configMap:
    name: {{ .config | default (printf "%s-config" $root.Values.identity) }}
  {{- end }}
{{- if ne $security.protocol "PLAINTEXT" }}
{{- $own := list }}
{{- if include "onefill.isSasl" $root }}
{{- $own = append $own $security.keys.password }}
{{- end }}
{{- if and (include "onefill.isTls" $root) $security.clientCertificate }}
{{- $own = concat $own (list $security.keys.certificate $security.keys.privateKey) }}
{{- with $security.keys.privateKeyPassword }}
{{- $own = append $own . }}
{{- end }}
{{- end }}
{{- $hasCa := and (include "onefill.isTls" $root) $security.keys.ca }}
- name: secret
  projected:
    defaultMode: 0440
    {{- if not (or $own $hasCa) }}
    sources: []
    {{- else }}
    sources:
      {{- with $own }}
      - secret:
          name: {{ $secret }}
          items:
            {{- range . }}
            - {key: {{ . }}, path: {{ . }}}
            {{- end }}
      {{- end }}
      {{- if $hasCa }}
      - secret:
          name: {{ $security.caSecret | default $secret }}
          items:
            - {key: {{ $security.keys.ca }}, path: {{ $security.keys.ca }}}
      {{- end }}
    {{- end }}
{{- end }}
{{- with $root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A container of onefill, up to its arguments. */}}
{{- define "onefill.container" -}}
{{- $root := .root -}}
image: {{ include "onefill.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml $root.Values.containerSecurityContext | nindent 2 }}
volumeMounts:
  {{- include "onefill.mounts" . | nindent 2 }}
{{- end }}

{{/* A pod, up to its containers. */}}
{{- define "onefill.podSettings" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "onefill.spread" -}}
{{- $keys := dict "zones" "topology.kubernetes.io/zone" "nodes" "kubernetes.io/hostname" -}}
{{- range $over := list "zones" "nodes" }}
{{- $how := index $.Values.spread $over }}
{{- if ne $how "off" }}
- maxSkew: 1
  topologyKey: {{ index $keys $over }}
  whenUnsatisfiable: {{ ternary "DoNotSchedule" "ScheduleAnyway" (eq $how "hard") }}
  labelSelector:
    matchLabels:
      {{- include "onefill.selector" $ | nindent 6 }}
      app.kubernetes.io/component: router
{{- end }}
{{- end }}
{{- end }}
