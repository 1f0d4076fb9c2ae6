{{/* The name of the chart, at most 63 characters. */}}
{{- define "partitiond.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object: release and chart, cut so that a suffix of up to 10 characters still fits into 63. */}}
{{- define "partitiond.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains (include "partitiond.name" .) .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "partitiond.name" .) | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* A CronJob appends 11 characters to its name, so 52 are all that it may have; a longer one ends in a hash, so that two never collide. */}}
{{- define "partitiond.cronjobName" -}}
{{- $name := include "partitiond.fullname" . -}}
{{- if gt (len $name) 52 -}}
{{- printf "%s-%s" ($name | trunc 43 | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* Which pods belong to this release, whatever they do. Networks are opened and closed by these. */}}
{{- define "partitiond.podLabels" -}}
app.kubernetes.io/name: {{ include "partitiond.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/*
By which Deployment, PDB, spread, Service and monitors find the daemons: never a version, as selectors cannot change, and always the
component, as the pods of Jobs and of `helm test` must not count as daemons.
*/}}
{{- define "partitiond.selectorLabels" -}}
{{ include "partitiond.podLabels" . }}
app.kubernetes.io/component: daemon
{{- end -}}

{{/* The labels of every object. What is part of one component says so beside them. */}}
{{- define "partitiond.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "partitiond.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/part-of: partitiond
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* The image: a digest wins over a tag, an empty tag is the appVersion. */}}
{{- define "partitiond.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "partitiond.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "partitiond.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The ConfigMap that pods mount. */}}
{{- define "partitiond.configMapName" -}}
{{- default (include "partitiond.fullname" .) .Values.existingConfigMap.name -}}
{{- end -}}
