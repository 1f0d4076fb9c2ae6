{{/*
How a daemon is scraped, by whichever monitor: given is the part of the values for that monitor. The alerts select job="partitiond", so it
is set here and nowhere else; labels of our own metrics never win over those of the target.
*/}}
{{- define "partitiond.endpoint" -}}
port: ptd-metrics
path: /metrics
scheme: http
interval: {{ .interval }}
scrapeTimeout: {{ .scrapeTimeout }}
honorLabels: false
relabelings:
- action: replace
  targetLabel: job
  replacement: partitiond
{{- end -}}

{{/* Above metrics.maxSeries (50,000) and what Node.js adds: the daemon leaves series out before Prometheus refuses all of them. */}}
{{- define "partitiond.sampleLimit" -}}
60000
{{- end -}}

{{/* Labels of a monitoring object: those by which an operator or Grafana chooses, which win, and those of the chart; a dict of `root` and `labels`. */}}
{{- define "partitiond.monitoringLabels" -}}
{{- merge (dict) .labels (include "partitiond.labels" .root | fromYaml) | toYaml -}}
{{- end -}}

{{/*
The alerts that `disabled` and `overrides` may name, as a dict: Name -> list of its severities. Given are the groups of the rule file.
*/}}
{{- define "partitiond.alertSeverities" -}}
{{- $severities := dict -}}
{{- range . -}}
{{- range .rules -}}
{{- if .alert -}}
{{- $_ := set $severities .alert (append (get $severities .alert | default list) .labels.severity) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $severities -}}
{{- end -}}

{{/* Fails where a name is not one of an alert, or could be two of them: a dict of `name`, `severities` and `where`. */}}
{{- define "partitiond.checkAlertName" -}}
{{- $parts := splitList "/" .name -}}
{{- $known := get .severities (first $parts) | default list -}}
{{- if not $known -}}
{{- fail (printf "%s: there is no alert %s; the alerts are %s" .where .name (keys .severities | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and (eq (len $parts) 2) (not (has (last $parts) $known)) -}}
{{- fail (printf "%s: %s has no severity %s; it has %s" .where (first $parts) (last $parts) (join ", " $known)) -}}
{{- end -}}
{{- end -}}
