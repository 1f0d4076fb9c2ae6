{{/*
A pod of the chart: a dict of `root`, the chart's context, `component`, `args` of partitiond, `configMap` and `serviceAccount` (names), and
`container`, more YAML of the container (ports and probes of the daemon). Everything else is the same for the daemon and for every Job.
*/}}
{{- define "partitiond.podTemplate" -}}
{{- $values := .root.Values -}}
{{- include "partitiond.checks" .root -}}
metadata:
  labels:
    {{- /* No version of the chart: a new one that changes nothing else restarts nothing. */}}
    {{- $labels := include "partitiond.podLabels" .root | fromYaml }}
    {{- $labels = merge $labels (dict "app.kubernetes.io/component" .component "app.kubernetes.io/part-of" "partitiond") }}
    {{- merge $labels $values.podLabels | toYaml | nindent 4 }}
  {{- $annotations := dict -}}
  {{- if $values.restartOnConfigChange }}
  {{- $annotations = dict "checksum/config" ($values.config | toYaml | sha256sum) }}
  {{- end }}
  {{- with merge $annotations $values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "partitiond.podSpec" . | nindent 2 }}
{{- end -}}

{{- define "partitiond.podSpec" -}}
{{- $values := .root.Values -}}
serviceAccountName: {{ .serviceAccount | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ int $values.terminationGracePeriodSeconds }}
{{- if ne .component "daemon" }}
restartPolicy: Never
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: { type: RuntimeDefault }
{{- with $values.imagePullSecrets }}
imagePullSecrets:
{{ toYaml . }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
nodeSelector:
  {{- merge (dict "kubernetes.io/os" "linux") $values.nodeSelector | toYaml | nindent 2 }}
{{- with $values.tolerations }}
tolerations:
{{ toYaml . }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if eq .component "daemon" }}
{{- with include "partitiond.topologySpreadConstraints" .root }}
topologySpreadConstraints:
{{ . }}
{{- end }}
{{- end }}
containers:
- name: partitiond
  image: {{ include "partitiond.image" .root | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args:
  {{- toYaml .args | nindent 2 }}
  env:
  {{- include "partitiond.env" .root | nindent 2 }}
  {{- with .container }}
  {{- . | nindent 2 }}
  {{- end }}
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  securityContext:
    {{- include "partitiond.securityContext" .root | nindent 4 }}
  volumeMounts:
  {{- include "partitiond.volumeMounts" .root | nindent 2 }}
{{- if eq .component "daemon" }}
{{- with $values.extraContainers }}
{{ toYaml . }}
{{- end }}
{{- end }}
volumes:
{{ include "partitiond.volumes" (dict "root" .root "configMap" .configMap) }}
{{- end -}}
