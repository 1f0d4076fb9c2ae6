{{/* Over zones and nodes, rather than not at all: daemons in one place are better than a daemon that finds no place. */}}
{{- define "partitiond.topologySpreadConstraints" -}}
{{- if .Values.topologySpreadConstraints -}}
{{- toYaml .Values.topologySpreadConstraints -}}
{{- else -}}
{{- range $index, $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
{{- if $index }}
{{ end -}}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "partitiond.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}
{{- end -}}
