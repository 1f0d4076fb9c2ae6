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

{{/* By which Deployment, PDB, spread, Service and monitors find the pods; never a version, as selectors cannot change. */}}
{{- define "partitiond.selectorLabels" -}}
app.kubernetes.io/name: {{ include "partitiond.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "partitiond.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "partitiond.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: partition-maintenance
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
